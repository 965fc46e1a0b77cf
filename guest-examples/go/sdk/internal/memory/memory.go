// Package memory is where the host puts what its functions return.
//
// While a function of the host hands its result over, the guest must call nothing of the host. An
// allocation of Go may finish a garbage collection, which asks the host for the time, and then the
// guest traps. So the memory is set aside before the call, and cabi_realloc only takes pieces of
// it. Strings and bytes of results point into it, and keep it from being collected.
package memory

import "unsafe"

const (
	// chunkBytes is the least that is set aside at once.
	chunkBytes = 64 << 10
	// extraBytes is what is added at once where a result is larger than expected. That memory is not
	// Go's, and is free only when the request ends.
	extraBytes = 256 << 10
	// maxExpected keeps one large result from making every later chunk as large.
	maxExpected = 16 << 20
)

var (
	// chunk keeps the memory alive from which next to end is still free.
	chunk     []byte
	next, end uintptr
	// used counts what the running call has taken; expected is what the next one is to find.
	used, expected uintptr
)

// Reserve sets memory aside for a result of about so many bytes. The host's functions may be called
// after it, one of them.
func Reserve(size int) {
	expected = min(max(expected/2, used), maxExpected)
	used = 0
	wanted := max(expected, uintptr(size)) + 1024
	if end-next < wanted {
		chunk = make([]byte, max(wanted, chunkBytes))
		next = uintptr(unsafe.Pointer(unsafe.SliceData(chunk)))
		end = next + uintptr(len(chunk))
	}
}

// take returns the address of free memory. It allocates nothing of Go's, and runs before Go's
// runtime has begun, too.
func take(align, size uintptr, grow func(uintptr) uintptr) uintptr {
	used += size + align
	start := aligned(next, align)
	if start+size > end || start < next {
		added := max(size+align, extraBytes)
		next = grow(added)
		if next == 0 {
			panic("the memory of the instance is used up")
		}
		end = next + added
		start = aligned(next, align)
	}
	next = start + size
	return start
}

func aligned(address, align uintptr) uintptr { return (address + align - 1) &^ (align - 1) }
