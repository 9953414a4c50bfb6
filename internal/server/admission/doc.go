// Package admission decides which requests get on, and how long they may take. Everything that is scarce has a bound,
// and what does not fit is refused at once, rather than queued without end:
//
//   - [Gate] hands out a [Ticket] for each upload: memory, a slot to read, a worker.
//   - [ConnectionLimiter] bounds the open connections, and [Files] the open files of long audio, so that accepting
//     never fails for lack of a file descriptor.
//   - [DiskGuard] tells when the disk has too little room left.
//   - [Slots] bound what clients that read calls have in memory.
//   - [MinRateReader] cuts off clients that send too slowly, and [DeadlineWriter] those that do not take their reply.
package admission

import "errors"

// The errors of requests that there is no room for.
var (
	ErrBusy           = errors.New("too many uploads wait already")
	ErrNoMemory       = errors.New("no memory for more uploads")
	ErrNoFiles        = errors.New("too many files are open")
	ErrTooManyReaders = errors.New("too many clients read calls")
)
