package measure

import "net/http"

// MaxClients is how many kinds of clients a run can tell apart.
const MaxClients = 8

// ClientTotals counts the uploads of one kind of client in the scored phases of a run.
type ClientTotals struct {
	Client    string `json:"client"`
	Attempted uint64 `json:"attempted"`
	Accepted  uint64 `json:"accepted"`
	Failed    uint64 `json:"failed"`
	Busy      uint64 `json:"busy,omitempty"` // of the failed ones, those that were answered with 429 or 503
	// OnlyStatus is the HTTP status that all other failed uploads were answered with; absent where they differ, and
	// without such uploads.
	OnlyStatus int `json:"only_status,omitempty"`
}

// FirstReply is how the server answered the first call of one kind of client, which was sent alone before the run.
type FirstReply struct {
	Client  string `json:"client"`
	Address string `json:"address"`          // that it was posted to, without user, password and query
	Status  int    `json:"status,omitempty"` // HTTP; absent where there was no reply
	Reply   string `json:"reply,omitempty"`  // its first line, or what came in place of a reply
	// How often the call was sent until the server did something else than fail.
	Tries    int  `json:"tries"`
	Accepted bool `json:"accepted"`
	// FormUnread says that the server refused or failed over this client's call, and took another client's: it cannot
	// read this one's.
	FormUnread bool `json:"form_unread,omitempty"`
	// DatesUnread says that the server does not read the date that this client gives a call.
	DatesUnread bool `json:"dates_unread,omitempty"`
}

// clientTally counts the uploads of one kind of client.
type clientTally struct {
	attempted, accepted uint64
	busy                uint64
	status              uint16 // of all other failed uploads
	differ              bool   // unless they differ
}

// others are failed uploads that the server was not too busy for.
func (t *clientTally) others() uint64 { return t.attempted - t.accepted - t.busy }

// add counts an upload.
func (t *clientTally) add(o *Outcome) {
	one := clientTally{attempted: 1, status: o.Status}
	switch {
	case o.Class == Accepted:
		one.accepted = 1
	case o.Status == http.StatusTooManyRequests, o.Status == http.StatusServiceUnavailable:
		one.busy = 1
	}
	t.merge(&one)
}

// merge counts all of o.
func (t *clientTally) merge(o *clientTally) {
	switch {
	case o.others() == 0:
	case t.others() == 0:
		t.status, t.differ = o.status, o.differ
	default:
		t.differ = t.differ || o.differ || t.status != o.status
	}
	t.attempted += o.attempted
	t.accepted += o.accepted
	t.busy += o.busy
}

// Clients counts the uploads of each kind of client that has sent any, in the scored phases, after the last roll.
// Names are those that Outcomes number.
func (r *Recorder) Clients(names []string) (all []ClientTotals) {
	for i, name := range names {
		t := &r.scored.clients[i]
		if t.attempted == 0 {
			continue
		}
		c := ClientTotals{
			Client: name, Attempted: t.attempted, Accepted: t.accepted, Failed: t.attempted - t.accepted, Busy: t.busy,
		}
		if t.others() > 0 && !t.differ {
			c.OnlyStatus = int(t.status)
		}
		all = append(all, c)
	}
	return all
}
