package wire

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is the argument of sendmsg. It is kept, while package unix would allocate one for each upload.
type message struct {
	header unix.Msghdr
	vec    [3]unix.Iovec
}

// send sends the rest of a request, with the audio from a file if there is one, until all is sent or the kernel takes
// no more: then the error is EAGAIN.
func (m *message) send(fd int, r *transfer, file *audioFile) error {
	if file != nil && r.sent == 0 {
		cork(fd, 1)
	}
	for r.sent < r.size {
		n, err := m.sendSome(fd, r, file)
		r.sent += max(n, 0)
		if err != nil && err != unix.EINTR {
			return err
		}
	}
	if file != nil {
		cork(fd, 0)
	}
	return nil
}

// cork keeps the kernel from sending the head and the end of the form in packets of their own. If it fails, it does so.
func cork(fd, on int) { _ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_CORK, on) }

func (m *message) sendSome(fd int, r *transfer, file *audioFile) (int, error) {
	var vec [3][]byte
	bufs := r.rest(vec[:0])
	if file == nil {
		return m.sendBufs(fd, bufs)
	}
	audio := len(r.parts[0])
	end := audio + len(r.parts[1])
	if r.sent >= audio && r.sent < end {
		at := int64(r.sent - audio)
		return unix.Sendfile(fd, file.fd, &at, end-r.sent)
	}
	return m.sendBufs(fd, bufs[:1])
}

// sendBufs and receive make the system calls of an upload, on sockets that never block. Compared with writev and read,
// they avoid the file system, and compared with package unix the scheduler, which must know of calls that block: that
// saves 0.3 of 8 µs.
func (m *message) sendBufs(fd int, bufs [][]byte) (int, error) {
	if len(bufs) == 1 {
		p := bufs[0]
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
			uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
		if errno != 0 {
			return 0, errno
		}
		return int(n), nil
	}
	m.lay(bufs)
	n, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m.header)), unix.MSG_NOSIGNAL)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// of returns the message that sends the rest of a request.
func (m *message) of(r *transfer) *unix.Msghdr {
	var vec [3][]byte
	m.lay(r.rest(vec[:0]))
	return &m.header
}

func (m *message) lay(bufs [][]byte) {
	for i, b := range bufs {
		m.vec[i].Base = unsafe.SliceData(b)
		m.vec[i].SetLen(len(b))
	}
	m.header.Iov = &m.vec[0]
	m.header.SetIovlen(len(bufs))
}

func receive(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
