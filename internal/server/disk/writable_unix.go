//go:build unix

package disk

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"rdiostress/internal/field"
)

// CheckWritable returns an error if this process may not write to a file or folder. It does not open it.
func CheckWritable(path string) error {
	if err := unix.Access(path, unix.W_OK); err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// WhyNotWritable explains to the user why this process cannot write to a folder and its files, and how to fix it. It
// returns "" if it finds no reason. For a missing folder it checks the nearest existing parent.
func WhyNotWritable(dir string, files ...string) field.Message {
	for _, path := range append([]string{nearestExisting(dir)}, files...) {
		err := CheckWritable(path)
		switch {
		case err == nil, errors.Is(err, unix.ENOENT):
		case errors.Is(err, unix.EROFS):
			return field.Messagef("%s is on a file system that is mounted read only: remount it "+
				"(mount -o remount,rw), or pass another {data_dir}", path)
		case errors.Is(err, unix.EPERM):
			return field.Messagef("%s is immutable: chattr -i, or pass another {data_dir}", path)
		default:
			return permissionHint(path, dir)
		}
	}
	return ""
}

// permissionHint returns how to fix a file that this user may not write.
func permissionHint(path, dir string) field.Message {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) == os.Geteuid() {
		return field.Messagef("%s has the mode %04o: chmod -R u+w %s", path, info.Mode().Perm(), dir)
	}
	me := userName(os.Geteuid())
	return field.Messagef("%s belongs to %s, and this server runs as %s: chown -R %s %s, run the server as its owner, "+
		"or pass another {data_dir}",
		path, userName(int(st.Uid)), me, me, dir)
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

// nearestExisting returns path or its nearest existing parent.
func nearestExisting(path string) string {
	for path = filepath.Clean(path); ; path = filepath.Dir(path) {
		if _, err := os.Lstat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
	}
}
