// Package admission decides which requests the server accepts and how long they may take. Every scarce resource has a
// limit. A request beyond a limit is refused at once instead of waiting without end:
//
//   - [Gate] gives each upload a [Ticket]: memory, a read slot, a worker.
//   - [ConnectionLimiter] limits the open connections, and [Files] the open files of long audio, so that accepting
//     never fails for lack of a file descriptor.
//   - [DiskGuard] reports when the disk has too little free space.
//   - [Slots] limits how much memory clients that read calls use.
//   - [MinRateReader] cuts off clients that send too slowly, and [DeadlineWriter] clients that do not read their reply.
package admission

import "errors"

// Errors for requests that exceed a limit.
var (
	ErrBusy           = errors.New("too many uploads are already waiting")
	ErrNoMemory       = errors.New("no memory for more uploads")
	ErrNoFiles        = errors.New("too many files are open")
	ErrTooManyReaders = errors.New("too many clients read calls")
)
