package uploadtest

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// ReplyCase is a reply that is long, late, cut off or without an end, and how a client judges it.
type ReplyCase struct {
	Name   string
	Client rdio.Client
	Parts  []string      // of the reply
	Pause  time.Duration // before each part but the first
	End    ReplyEnd
	Class  measure.Class
	Status int
}

// ReplyEnd is what a server does after the parts of a reply.
type ReplyEnd uint8

// The ends. Of a reply whose head says how long it is, no more than that must be sent.
const (
	Hold    ReplyEnd = iota // it keeps the connection open and is silent
	Hangup                  // it closes the connection
	Trickle                 // it goes on with a byte every few milliseconds
	Flood                   // it goes on as fast as the client reads
)

// ReplyTimeout is the timeout of an upload that the cases without an end are made for.
const ReplyTimeout = 300 * time.Millisecond

// ReplyCases returns replies that every way to send uploads must judge as the client does that is imitated.
func ReplyCases() []ReplyCase {
	const (
		open     = "HTTP/1.1 200 OK\r\n\r\n"
		sized    = "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"
		chunked  = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		phrase   = rdio.PhraseImported
		cutShort = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nCall imp"
	)
	pad := func(n int) string { return strings.Repeat("x", n) }
	cases := []ReplyCase{
		{Name: "phrase across the beginning's end", Parts: []string{open + pad(500) + phrase}, End: Hangup},
		{Name: "phrase across a kilobyte", Parts: []string{open + pad(1010) + phrase}, End: Hangup},
		{Name: "phrase behind 2 MB", Parts: []string{sized + pad(2_000_000-len(phrase)) + phrase}, End: Hold},
		{Name: "phrase behind 200 kB in chunks", Parts: []string{
			chunked + "30d40\r\n" + pad(200_000) + "\r\n", "d\r\nCall imported\r\n", "e\r\n successfully.\r\n0\r\n\r\n",
		}, End: Hold},
		{Name: "phrase in single bytes", Parts: strings.Split(open+pad(600)+phrase, ""), End: Hangup},
		{
			Name: "phrase after a while", Parts: []string{chunked, "1b\r\n" + phrase + "\r\n0\r\n\r\n"},
			Pause: ReplyTimeout / 3, End: Hold,
		},
		{
			Name: "2 MB without the phrase", Parts: []string{sized + pad(2_000_000)}, End: Hold,
			Class: measure.Rejected,
		},
		{
			Name: "duplicate behind 100 kB", Parts: []string{open + pad(100_000) + rdio.PhraseDuplicate}, End: Hangup,
			Class: measure.Duplicate,
		},
	}
	endless := []ReplyCase{
		{Name: "silence after the phrase", Parts: []string{open + phrase}, End: Hold},
		{Name: "a trickle after the phrase", Parts: []string{open + phrase}, End: Trickle},
		{Name: "a flood after the phrase", Parts: []string{open + phrase}, End: Flood},
		{Name: "silence after the head", Parts: []string{sized}, End: Hold},
	}
	for _, c := range []rdio.Client{rdio.SDRTrunk, rdio.TrunkRecorder, rdio.TrunkRecorder52, rdio.RdioScanner} {
		for _, e := range endless {
			e.Client, e.Class = c, measure.Timeout
			if c == rdio.RdioScanner {
				e.Class = measure.Accepted
			}
			cases = append(cases, e)
		}
		cut := ReplyCase{Name: "cut off", Client: c, Parts: []string{cutShort}, End: Hangup, Class: measure.Reset}
		if c == rdio.TrunkRecorder || c == rdio.RdioScanner {
			cut.Class = measure.Accepted
		}
		cases = append(cases, cut)
	}
	cases = append(cases, ReplyCase{
		Name: "a failure without an end", Client: rdio.RdioScanner, End: Trickle,
		Parts: []string{"HTTP/1.1 503 Service Unavailable\r\n\r\nbusy"}, Class: measure.Status, Status: 503,
	})
	for i := range cases {
		c := &cases[i]
		c.Name = c.Client.String() + ": " + c.Name
		if c.Status == 0 && c.Class != measure.Timeout && c.Class != measure.Reset {
			c.Status = 200
		}
	}
	return cases
}

// ReplyServer answers every upload as a case says.
func ReplyServer(t *testing.T, c ReplyCase) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer context.AfterFunc(t.Context(), func() { _ = conn.Close() })()
				readForm(conn)
				c.answer(conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return "http://" + l.Addr().String()
}

// answer sends the reply. It returns when the client has closed the connection, or the test is over.
func (c *ReplyCase) answer(conn net.Conn) {
	for i, part := range c.Parts {
		if i > 0 && c.Pause > 0 {
			<-time.After(c.Pause)
		}
		if _, err := io.WriteString(conn, part); err != nil {
			return
		}
	}
	if c.End == Hangup {
		return
	}
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(gone)
	}()
	more, every := []byte("x"), 5*time.Millisecond
	if c.End == Flood {
		more, every = bytes.Repeat(more, 64<<10), time.Nanosecond
	}
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for err := error(nil); err == nil; {
		select {
		case <-gone:
			return
		case <-ticks.C:
			if c.End != Hold {
				_, err = conn.Write(more)
			}
		}
	}
	<-gone
}
