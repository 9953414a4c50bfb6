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
	Busy      uint64 `json:"busy,omitempty"` // failed uploads answered with 429 or 503
	// OnlyStatus is the HTTP status of all other failed uploads; absent if they differ, or if there are none.
	OnlyStatus int `json:"only_status,omitempty"`
}

// FirstReply is the server's answer to the first call of one kind of client, which was sent alone before the run.
type FirstReply struct {
	Client  string `json:"client"`
	Address string `json:"address"`          // the call's URL without user, password and query
	Status  int    `json:"status,omitempty"` // HTTP status; absent without a reply
	Reply   string `json:"reply,omitempty"`  // the reply's first line, or the error without a reply
	// How often the call was sent until the server did something other than fail.
	Tries    int  `json:"tries"`
	Accepted bool `json:"accepted"`
	// FormUnread means that the server refused this client's call or failed on it, and accepted another client's: it
	// cannot read this client's form.
	FormUnread bool `json:"form_unread,omitempty"`
	// DatesUnread means that the server cannot read the date format of this client.
	DatesUnread bool `json:"dates_unread,omitempty"`
}

// clientTally counts the uploads of one kind of client.
type clientTally struct {
	attempted, accepted uint64
	busy                uint64
	status              uint16 // status of all other failed uploads
	differ              bool   // the other failed uploads have different statuses
}

// others counts the failed uploads that did not fail because the server was busy.
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

// merge adds the counts of o.
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

// Clients counts the uploads of each kind of client that sent any, in the scored phases, after the last roll. names are
// indexed by the Outcomes' Client.
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
