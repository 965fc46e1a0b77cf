package memory

import "unsafe"

//go:linkname sbrk runtime.sbrk
func sbrk(size uintptr) unsafe.Pointer

func grow(size uintptr) uintptr { return uintptr(sbrk(size)) }

// realloc is what the host calls for memory.
//
//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	made := unsafe.Pointer(take(align, size, grow))
	if kept := min(oldSize, size); kept > 0 {
		copy(unsafe.Slice((*byte)(made), kept), unsafe.Slice((*byte)(old), kept))
	}
	return made
}
