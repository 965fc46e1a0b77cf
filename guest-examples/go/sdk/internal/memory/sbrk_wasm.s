// This file lets Go take the declaration of sbrk without a body.
