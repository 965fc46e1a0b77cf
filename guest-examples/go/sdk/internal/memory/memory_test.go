package memory

import (
	"testing"
	"unsafe"
)

func TestPiecesAreAlignedAndApart(t *testing.T) {
	chunk, next, end = nil, 0, 0
	grown := 0
	grow := func(size uintptr) uintptr {
		grown++
		// Odd, as no address of a page is.
		return uintptr(unsafe.Pointer(unsafe.SliceData(make([]byte, size+1)))) + 1
	}
	Reserve(100)
	last := uintptr(0)
	for i := range uintptr(2000) {
		align := uintptr(1) << (i % 4)
		start := take(align, i, grow)
		if start%align != 0 || start+i > end || grown == 0 && start < last {
			t.Fatal(i, start, align, last)
		}
		last = start + i
	}
	if grown == 0 {
		t.Error("a small chunk was enough for 2 MB")
	}
	before := grown
	Reserve(0)
	take(8, 1_900_000, grow)
	if grown != before {
		t.Error("what the last call took is not expected again")
	}
	Reserve(3 << 20)
	take(1, 3<<20, grow)
	if grown != before {
		t.Error("what was reserved is not there")
	}
	for range 40 {
		Reserve(0)
	}
	if expected != 0 {
		t.Error("a large result is expected for ever")
	}
}
