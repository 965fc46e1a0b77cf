// This file lets Go take the declaration of appMain without a body.
