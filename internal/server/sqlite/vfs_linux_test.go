package sqlite

import (
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"rdiostress/internal/server/segment/losstest"
)

// recordingVFS is an SQLite VFS that does what the system's does, and records the writes to a database and its log, and
// their syncs, on a Disk.
type recordingVFS struct {
	disk  *losstest.Disk
	names sync.Map // base names of files, by SQLite's pointers to them

	real    *sqlite3.Tsqlite3_vfs
	methods map[uintptr]*sqlite3.Tsqlite3_io_methods // the recording methods, by the address of the real ones
	opened  sync.Mutex
	keep    []any // functions that only SQLite knows
}

// pointer turns SQLite's address of something, which C's allocator has made, into a pointer.
func pointer[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// address returns the address of a function, as SQLite's tables have it. F is a variable that stays.
func address[F any](f *F) uintptr { return *(*uintptr)(unsafe.Pointer(f)) }

// function returns a function of SQLite's tables.
func function[F any](address uintptr) F {
	holder := &struct{ uintptr }{address}
	return *(*F)(unsafe.Pointer(holder))
}

type (
	openFunc     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	writeFunc    = func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// copyOf returns a copy of what is at an address, in memory that does not move and stays.
func copyOf[T any](tls *libc.TLS, from uintptr) (*T, uintptr) {
	size := unsafe.Sizeof(*new(T))
	to := libc.Xmalloc(tls, libc.Tsize_t(size))
	*pointer[T](to) = *pointer[T](from)
	return pointer[T](to), to
}

// register registers the VFS under a name for the time of the test.
func (v *recordingVFS) register(t *testing.T, name string) {
	t.Helper()
	tls := libc.NewTLS()
	address0 := sqlite3.Xsqlite3_vfs_find(tls, 0)
	v.real = pointer[sqlite3.Tsqlite3_vfs](address0)
	v.methods = make(map[uintptr]*sqlite3.Tsqlite3_io_methods)
	own, at := copyOf[sqlite3.Tsqlite3_vfs](tls, address0)
	var err error
	if own.FzName, err = libc.CString(name); err != nil {
		t.Fatal(err)
	}
	open := openFunc(v.open)
	own.FxOpen = address(&open)
	v.keep = append(v.keep, open)
	if code := sqlite3.Xsqlite3_vfs_register(tls, at, 0); code != sqlite3.SQLITE_OK {
		t.Fatalf("registering the VFS: %d", code)
	}
	t.Cleanup(func() {
		sqlite3.Xsqlite3_vfs_unregister(tls, at)
		tls.Close()
		v.keep = nil
	})
}

// open opens a file as the system's VFS does, and lets SQLite write to it through v.
func (v *recordingVFS) open(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	code := function[openFunc](v.real.FxOpen)(tls, vfs, name, file, flags, out)
	if code != sqlite3.SQLITE_OK || name == 0 || flags&(sqlite3.SQLITE_OPEN_MAIN_DB|sqlite3.SQLITE_OPEN_WAL) == 0 {
		return code
	}
	v.opened.Lock()
	defer v.opened.Unlock()
	v.names.Store(file, filepath.Base(libc.GoString(name)))
	f := pointer[sqlite3.Tsqlite3_file](file)
	own := v.methods[f.FpMethods]
	if own == nil {
		own = v.record(tls, f.FpMethods)
		v.methods[f.FpMethods] = own
	}
	f.FpMethods = uintptr(unsafe.Pointer(own))
	return code
}

// record returns methods that record.
func (v *recordingVFS) record(tls *libc.TLS, methods uintptr) *sqlite3.Tsqlite3_io_methods {
	real := *pointer[sqlite3.Tsqlite3_io_methods](methods)
	own, _ := copyOf[sqlite3.Tsqlite3_io_methods](tls, methods)
	nameOf := func(file uintptr) string {
		name, _ := v.names.Load(file)
		return name.(string)
	}
	write := writeFunc(func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
		v.disk.Wrote(nameOf(file), offset, unsafe.Slice(pointer[byte](data), n))
		return function[writeFunc](real.FxWrite)(tls, file, data, n, offset)
	})
	truncate := truncateFunc(func(tls *libc.TLS, file uintptr, size int64) int32 {
		v.disk.Truncated(nameOf(file), size)
		return function[truncateFunc](real.FxTruncate)(tls, file, size)
	})
	sync := syncFunc(func(tls *libc.TLS, file uintptr, flags int32) (code int32) {
		_ = v.disk.Sync(nameOf(file), func() error {
			code = function[syncFunc](real.FxSync)(tls, file, flags)
			return nil
		})
		return code
	})
	v.keep = append(v.keep, write, truncate, sync)
	own.FxWrite, own.FxTruncate, own.FxSync = address(&write), address(&truncate), address(&sync)
	return own
}
