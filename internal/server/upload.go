package server

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/intake"
)

const (
	// After a refusal, the server reads the upload for some time, so that the client sees the reply: many clients send
	// everything before they read, and closing a connection with unread data resets it.
	drainBytes   = 64 << 20
	drainTimeout = 5 * time.Second

	// A client that has at most this many bytes left to send keeps its connection, and gets the reply after them.
	drainFirst = 1 << 20
)

// handleUpload serves POST /api/call-upload and /api/trunk-recorder-call-upload.
func (s *Server) handleUpload(w http.ResponseWriter, r *http.Request) {
	answered := false
	defer func() {
		if !answered { // the handler panicked
			s.counters.Refuse(errOurFault.cause, errOurFault.status)
		}
	}()
	body := &intake.Body{ReadCloser: r.Body}
	result, err := s.intake.Receive(w, r, body)
	answered = true
	if err != nil {
		s.refuseUpload(w, r, body, err)
		return
	}
	reply := replyFor(result)
	if result.Outcome == intake.Tested {
		w.Header().Set("Server", "rdiostress") // identifies this server to clients that test the connection
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, reply)
		return
	}
	writeText(w, http.StatusOK, reply.text+"\n")
}

// uploadReply is the reply to an upload that is not refused.
type uploadReply struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	CallID  string `json:"callId,omitempty"`

	text string // for clients that do not ask for JSON
}

func replyFor(result intake.Result) uploadReply {
	switch result.Outcome {
	case intake.Tested:
		return uploadReply{Status: "ok", Message: rdio.PhraseTest, text: rdio.PhraseTest}
	case intake.Duplicate:
		return uploadReply{Status: "duplicate", Message: rdio.PhraseDuplicate, text: rdio.PhraseDuplicate}
	default:
		return uploadReply{
			Status: "ok", Message: "Call received and processed", CallID: strconv.FormatInt(result.ID,
				10), text: rdio.PhraseImported,
		}
	}
}

// refuseUpload answers with an error and makes sure that the client can read it. A client with little left to send is
// read to its end and keeps its connection. Other clients get the reply at once, since some then stop sending; the
// server reads on for those that do not stop. A client that still waits for permission to send ("Expect: 100-continue")
// has sent nothing.
func (s *Server) refuseUpload(w http.ResponseWriter, r *http.Request, body *intake.Body, err error) {
	re := refusalFor(err)
	s.counters.Refuse(re.cause, re.status)
	rc := http.NewResponseController(w)
	if re == errTooSlow {
		// The client's time is over. Its expired deadline stays.
		w.Header().Set("Connection", "close")
		s.failUpload(w, r, body.Key, err)
		return
	}
	// An error means that there is no connection; then reading fails as well.
	rc.SetReadDeadline(time.Now().Add(drainTimeout))
	if r.Header.Get("Expect") != "" && body.Count == 0 {
		s.failUpload(w, r, body.Key, err)
		return
	}
	if r.ContentLength-body.Count <= drainFirst { // or the length is unknown
		if _, end := io.CopyN(io.Discard, body, drainFirst+1); end == io.EOF {
			s.failUpload(w, r, body.Key, err)
			return
		}
	}
	w.Header().Set("Connection", "close")
	s.failUpload(w, r, body.Key, err)
	rc.Flush() // fails if there is no connection, as above
	io.CopyN(io.Discard, body, drainBytes)
}
