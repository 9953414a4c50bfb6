package server

import (
	"cmp"
	"time"

	"rdiostress/internal/server/admission"
)

// These limits bound the memory of clients that read. A page of a list is read and sent in pieces, and only one piece
// is in memory: however many clients read, however much and however slowly, lists take about 20 MB.
const (
	maxLists   = 256      // open at once
	pieceBytes = 32 << 10 // of calls, for each list
	listBuffer = 8 << 10
	listStep   = 10 * time.Second // for a client to take a step of a list while others wait for a slot

	maxWholeCalls = 4        // read with all their fields at once; large ones take a few megabytes each
	smallCall     = 64 << 10 // a reply up to this size no longer counts once it is encoded

	maxInlineAudio = 256 // calls whose audio is played from the database at once; each has one piece in memory
)

// limits are the limits of a server.
type limits struct {
	gate        *admission.Gate
	disk        *admission.DiskGuard
	connections *admission.ConnectionLimiter
	audioFiles  *admission.Files

	lists       *admission.Slots // pages of calls
	wholeCalls  *admission.Slots // calls with all their fields
	inlineAudio *admission.Slots // audio out of the database
}

func newLimits(o Options, shares admission.FileShares) limits {
	connections := min(cmp.Or(o.MaxConnections, admission.DefaultMaxConnections), shares.Connections)
	return limits{
		gate: admission.NewGate(cmp.Or(o.Workers, admission.DefaultWorkers), cmp.Or(o.Queue, admission.DefaultQueue),
			cmp.Or(o.UploadMemory, admission.DefaultUploadMemory)),
		disk:        admission.NewDiskGuard(o.SpoolDir, o.MinFreeDisk),
		connections: admission.NewConnectionLimiter(connections),
		audioFiles:  admission.NewFiles(shares.Audio),
		lists:       admission.NewSlots(maxLists),
		wholeCalls:  admission.NewSlots(maxWholeCalls),
		inlineAudio: admission.NewSlots(maxInlineAudio),
	}
}
