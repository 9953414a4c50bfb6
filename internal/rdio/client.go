package rdio

import (
	"fmt"
	"strings"
	"time"
)

// Client is one of the programs that upload calls; its zero value is SDRTrunk.
type Client uint8

// The clients, by the versions whose requests are known.
const (
	SDRTrunk          Client = iota // 0.6.2
	TrunkRecorder                   // 5.0
	TrunkRecorder52                 // 5.2
	TrunkRecorderMeta               // its files sent by a script of the user's: audio and sidecar, to TrunkRecorderPath
	Voxcall
	RdioScanner // 7.0.0, which passes calls on to another server
	Curl        // by the example of rdio-scanner's documentation
	clientCount
)

// NumClients is how many clients there are: they are numbered from 0 to below it.
const NumClients = int(clientCount)

// String is the client's name, as ParseClient reads it.
func (c Client) String() string {
	switch c {
	case TrunkRecorder:
		return "trunk-recorder"
	case TrunkRecorder52:
		return "trunk-recorder-5.2"
	case TrunkRecorderMeta:
		return "trunk-recorder-meta"
	case Voxcall:
		return "voxcall"
	case RdioScanner:
		return "rdio-scanner"
	case Curl:
		return "curl"
	default:
		return "sdrtrunk"
	}
}

// ClientNames are the names of all clients.
func ClientNames() []string {
	names := make([]string, NumClients)
	for i := range names {
		names[i] = Client(i).String()
	}
	return names
}

// ParseClient reads a client's name.
func ParseClient(name string) (Client, error) {
	for i, known := range ClientNames() {
		if name == known {
			return Client(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a client: there are %s", name, strings.Join(ClientNames(), ", "))
}

// Path is where the client sends its calls.
func (c Client) Path() string {
	if c == TrunkRecorderMeta {
		return TrunkRecorderPath
	}
	return UploadPath
}

// Merges reports whether a call of the client's is a conversation: trunk-recorder makes one of transmissions that
// follow each other closely, and rdio-scanner passes such on.
func (c Client) Merges() bool {
	return c == TrunkRecorder || c == TrunkRecorder52 || c == TrunkRecorderMeta || c == RdioScanner
}

// Milliseconds reports whether the client says when a call began as exactly as that, in "timestamp".
func (c Client) Milliseconds() bool {
	return c == TrunkRecorderMeta || c == RdioScanner || c == Curl
}

// OneShot reports whether the client opens a connection for each call and closes it after.
func (c Client) OneShot() bool { return c != SDRTrunk }

// TakesCreated reports whether the client takes 201 for success: to trunk-recorder 5.2 every 2xx is one, to the others
// 200 alone.
func (c Client) TakesCreated() bool { return c == TrunkRecorder52 }

// Redirected says what the client does when it is redirected with a status, in words that follow its name.
func (c Client) Redirected(status int) string {
	switch c {
	case SDRTrunk, Voxcall, RdioScanner:
		if c.Follows(status) {
			return "would send the call again, to that address"
		}
		return "would ask for that address with GET, without the call"
	default:
		return "follows no redirect either"
	}
}

// Reading is how much of a reply a client must have received to judge it.
type Reading uint8

const (
	// WholeReply must arrive to its end. A reply that is cut off is a failure, and one that does not end a timeout.
	WholeReply Reading = iota
	// EndedReply must end, but may be cut off after its head.
	EndedReply
	// ReplyHead is enough: the client never reads the text.
	ReplyHead
)

// Reads returns how much of a reply the client reads. SDRTrunk, curl and voxcall's requests read the whole text, and
// report one that is cut off. So does trunk-recorder from 5.2 on; before, it looks at the status of a transfer that has
// ended in whatever way. rdio-scanner's downstream looks at the status and closes.
func (c Client) Reads() Reading {
	switch c {
	case TrunkRecorder:
		return EndedReply
	case RdioScanner:
		return ReplyHead
	default:
		return WholeReply
	}
}

// ReadReply returns what a reply means to the client, given the beginning of its text and what was found in the rest.
// Only SDRTrunk, and whoever types curl's command, reads the text; to the others the status is all. A server that says
// outright what became of the call is believed, whatever the client makes of it: that it was dropped as a duplicate,
// or, in tr-engine's 201 (see [Client.TakesCreated]), that it was stored.
func (c Client) ReadReply(status int, text []byte, rest PhraseFinder) Answer {
	answer := readReply(status, text, rest)
	switch c {
	case SDRTrunk, Curl:
		return answer
	case TrunkRecorder52: // from the fix of its reading the status on, every status of success
		if answer == Status && status >= 200 && status < 300 {
			return Imported
		}
	}
	if answer == Rejected {
		return Imported
	}
	return answer
}

// Pause is how long a client waits between a failed attempt and the next: at random between the two.
type Pause struct{ Least, Most time.Duration }

// Repeats are the pauses after which the client sends a failed call again, each counted from the attempt before; none
// if it gives up at once. trunk-recorder's grow with each attempt and have some ten seconds of chance in them. The
// script that sends its files is the user's, and those known send a file once.
func (c Client) Repeats() []Pause {
	const s = time.Second
	switch c {
	case TrunkRecorder:
		return []Pause{{62 * s, 71 * s}, {122 * s, 131 * s}}
	case TrunkRecorder52:
		return []Pause{{120 * s, 129 * s}, {240 * s, 249 * s}}
	default:
		return nil
	}
}
