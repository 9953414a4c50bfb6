package wire

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

func TestWireReplies(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		type want struct {
			class  measure.Class
			status int
			keeps  bool   // the next upload goes over the same connection
			detail string // part of it
		}
		ok := want{class: measure.Accepted, status: 200, keeps: true}
		once := want{class: measure.Accepted, status: 200}
		tests := []struct {
			name string
			text string
			want want
		}{
			{"plain", accepted, ok},
			{"odd header case", "HTTP/1.1 200 OK\r\ncOnTeNt-lEnGtH:28 \r\n\r\nCall imported successfully.\n", ok},
			{"bare line feeds", "HTTP/1.1 200\nContent-Length: 28\n\nCall imported successfully.\n", ok},
			{"long header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 5000) + "\r\n" + accepted[17:], ok},
			{"many headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("Set-Cookie: a=b\r\n", 500) + accepted[17:], ok},
			{"folded header", "HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 5\r\n" + accepted[17:], ok},
			{"length twice", "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n" + accepted[17:], ok},
			{
				"interim replies", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
					accepted,
				ok,
			},
			{"chunked", chunked + "5;ext=1\r\nCall \r\n17\r\nimported successfully.\n\r\n0\r\n\r\n", ok},
			{"trailers", chunked + "1C\r\nCall imported successfully.\n\r\n0\r\nExpires: 0\r\nX: y\r\n\r\n", ok},
			{"chunked and length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" +
				chunked[17:] + "1b\r\nCall imported successfully.\r\n0\r\n\r\n", once},
			{"until it closes", "HTTP/1.1 200 OK\r\n\r\nCall imported successfully.\n", once},
			{"close", "HTTP/1.1 200 OK\r\nCONNECTION: x, Close\r\n" + accepted[17:], once},
			{"HTTP/1.0", "HTTP/1.0 200 OK\r\n" + accepted[17:], once},
			{"HTTP/1.0 kept", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + accepted[17:], ok},
			{"more than announced", accepted + "\n", once},
			{"long body", "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" +
				accepted[len(accepted)-28:] + strings.Repeat("x", 9000-28), ok},
			{"very long body", "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\nCall imported successfully.\n" +
				strings.Repeat("x", 899972), ok},
			{
				"status", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nbusy\n",
				want{measure.Status, 503, true, "busy"},
			},
			{
				"redirect", "HTTP/1.1 308 Permanent Redirect\r\nlocation: /there?key=s3cret \r\n" +
					"Content-Length: 6\r\n\r\nmoved\n",
				want{measure.Status, 308, true, "/there?…"},
			},
			{
				"redirect nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 6\r\n\r\nmoved\n",
				want{measure.Status, 302, true, "redirected to nowhere"},
			},
			{"no content", "HTTP/1.1 204 No Content\r\n\r\n", want{measure.Status, 204, true, ""}},
			{"switching", "HTTP/1.1 101 Switching Protocols\r\n\r\n", want{measure.Status, 101, false, ""}},
			{
				"unauthorised", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
				want{measure.Unauthorised, 401, true, ""},
			},
			{
				"incomplete", "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
				want{measure.Incomplete, 417, true, ""},
			},
			{"no phrase", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", want{measure.Rejected, 200, true, ""}},
			{"garbage", "SSH-2.0-OpenSSH_9.6\r\n", want{measure.Malformed, 0, false, "SSH-2.0-OpenSSH_9.6"}},
			{
				"bad length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
				want{measure.Malformed, 0, false, "Content-Length"},
			},
			{
				"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok\n",
				want{measure.Malformed, 0, false, "Content-Length"},
			},
			{"bad chunk", chunked + "zz\r\n", want{measure.Malformed, 0, false, "chunk"}},
			{"no header", "HTTP/1.1 200 OK\r\nwhat\r\n\r\n", want{measure.Malformed, 0, false, "what"}},
			{
				"endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 20000),
				want{measure.Malformed, 0, false, "do not end"},
			},
			{"nothing", "", want{measure.Reset, 0, false, "closed"}},
			{"half a head", "HTTP/1.1 200 OK\r\nContent-Le", want{measure.Reset, 0, false, "closed"}},
			{"half a body", accepted[:len(accepted)-2], want{measure.Reset, 0, false, "closed"}},
			{"half a chunk", chunked + "1C\r\nCall imp", want{measure.Reset, 0, false, "closed"}},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				url, _ := scripted(t, func(s *side) {
					s.read()
					s.write(tt.text)
					if tt.want.keeps {
						again(s)
					}
				}, again)
				u := open.wire(t, url, nil)
				a := u.Upload(t.Context(), testCall(smallAudio()))
				if a.Class != tt.want.class || a.Status != tt.want.status ||
					!strings.Contains(a.Detail, tt.want.detail) {
					t.Errorf("%v, status %d, %q; want %v, status %d, %q",
						a.Class, a.Status, a.Detail, tt.want.class, tt.want.status, tt.want.detail)
				}
				if !a.NewConn || a.Reconnected || a.Bytes < 4<<10 || a.Size != a.Bytes || a.Sent.IsZero() {
					t.Errorf("attempt %+v", a)
				}
				a = u.Upload(t.Context(), testCall(smallAudio()))
				if a.Class != measure.Accepted || a.NewConn == tt.want.keeps || a.Reconnected {
					t.Errorf("the next one: %v, new connection %v, reconnected %v", a.Class, a.NewConn, a.Reconnected)
				}
			})
		}
	})
}

// A reply is the same however the network cuts it.
func TestWireDrip(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		url, _ := scripted(t, func(s *side) {
			for range 2 {
				s.read()
				for i := range accepted {
					s.write(accepted[i : i+1])
				}
			}
		})
		u := open.wire(t, url, nil)
		for range 2 {
			if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted ||
				a.Steps[measure.Read] < 0 {
				t.Errorf("attempt %+v", a)
			}
		}
	})
}

// A server may reply before it has the whole form, and then close the connection or not.
func TestWireEarlyReply(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		const tooLarge = "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nbig\n"
		tests := []struct {
			name   string
			script script
			class  measure.Class
			status int
		}{
			{"closed", func(s *side) { s.readHead(); s.write(tooLarge) }, measure.Status, 413},
			{"held", func(s *side) {
				s.readHead()
				s.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
				s.hold()
			}, measure.Unauthorised, 401},
			{
				"half closed", func(s *side) { s.readHead(); s.write(tooLarge); s.conn.CloseWrite(); s.hold() },
				measure.Status, 413,
			},
			{"cut off", func(s *side) { s.readHead(); s.write(tooLarge[:len(tooLarge)-2]) }, measure.Status, 413},
			{"read to the end", func(s *side) {
				req, _ := http.ReadRequest(s.r)
				s.write(tooLarge)
				io.Copy(io.Discard, req.Body)
				again(s)
			}, measure.Status, 413},
			{"silent", func(s *side) { s.readHead(); s.reset() }, measure.Write, 0},
			{"silent end", func(s *side) { s.readHead(); s.conn.CloseWrite(); s.hold() }, measure.Write, 0},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				url, _ := scripted(t, tt.script, again)
				u := open.wire(t, url, nil)
				audio := hugeAudio()
				a := u.Upload(t.Context(), testCall(audio))
				if a.Class != tt.class || a.Status != tt.status {
					t.Errorf("%v, status %d, %q", a.Class, a.Status, a.Detail)
				}
				// Whether the rest is sent to a server that reads on depends on who is faster.
				whole := a.Bytes >= int64(len(audio))
				if whole && tt.name != "read to the end" || whole != (a.Steps[measure.Send] >= 0) {
					t.Errorf("%d bytes sent in %v", a.Bytes, a.Steps[measure.Send])
				}
				if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted {
					t.Errorf("the next one: %v, %q", a.Class, a.Detail)
				}
			})
		}
	})
}

// After an interim reply the server reads on, wherever in the request it comes and however it is cut.
func TestWireInterimReply(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		const interim = "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n"
		url, _ := scripted(t, func(s *side) {
			req, err := http.ReadRequest(s.r)
			if err != nil {
				t.Error(err)
				return
			}
			s.write(interim[:15])
			_, _ = io.CopyN(io.Discard, req.Body, 1<<20)
			s.write(interim[15:] + interim)
			if n, err := io.Copy(io.Discard, req.Body); n < 1<<20 || err != nil {
				t.Errorf("the rest of the request: %d bytes, %v", n, err)
			}
			s.write(accepted)
			again(s)
		})
		u := open.wire(t, url, nil)
		for _, audio := range [][]byte{hugeAudio(), smallAudio()} {
			if a := u.Upload(t.Context(), testCall(audio)); a.Class != measure.Accepted ||
				a.Bytes < int64(len(audio)) || a.Steps[measure.Send] < 0 {
				t.Errorf("attempt %+v", a)
			}
		}
	})
}

// A server that reads slowly, or pauses, has not failed.
func TestWireStall(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		audio := hugeAudio()
		for i := range audio {
			audio[i] = byte(i ^ i>>8 ^ i>>16)
		}
		var got []byte
		url, closed := scripted(t, func(s *side) {
			req, _ := http.ReadRequest(s.r)
			timer := time.NewTimer(2 * stall)
			<-timer.C
			got, _ = io.ReadAll(req.Body)
			s.write(accepted)
		}, again)
		u := open.wire(t, url, nil)
		a := u.Upload(t.Context(), testCall(audio))
		if a.Class != measure.Accepted || a.Steps[measure.Send] < stall {
			t.Errorf("attempt %+v", a)
		}
		u.Close()
		<-closed[0]
		if !bytes.Contains(got, audio) {
			t.Error("the audio did not arrive as it was sent")
		}
		if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted {
			t.Errorf("the next one: %v, %q", a.Class, a.Detail)
		}
	})
}

// A connection that the server closes between two calls costs no call.
func TestWireClosedWhileIdle(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		const found, missed = 2 * idleCheck, -time.Hour // time idle, for a connection to be looked at or not
		for name, tt := range map[string]struct {
			last script
			idle time.Duration
		}{
			"closed":       {func(*side) {}, found},
			"reset":        {(*side).reset, found},
			"reset unseen": {(*side).reset, missed},
			"says more":    {func(s *side) { s.write("HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n") }, found},
			"half closed":  {func(s *side) { s.conn.CloseWrite() }, found},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				idle := make(chan struct{})
				url, closed := scripted(t, func(s *side) { s.read(); s.write(accepted); <-idle; tt.last(s) }, again)
				u := open.wire(t, url, nil)
				u.Upload(t.Context(), testCall(smallAudio()))
				close(idle)
				<-closed[0]
				*u.idle -= tt.idle
				a := u.Upload(t.Context(), testCall(smallAudio()))
				if a.Class != measure.Accepted || !a.Reconnected || !a.NewConn {
					t.Errorf("attempt %+v", a)
				}
			})
		}
	})
}

// The server says how long it keeps an idle connection. An older connection is not used.
func TestWireKeepAliveExpiry(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		kept := "HTTP/1.1 200 OK\r\nKeep-Alive: max=5, Timeout=7\r\n" + accepted[17:]
		url, _ := scripted(t, func(s *side) { s.read(); s.write(kept); s.read(); s.write(kept); s.hold() }, again)
		u := open.wire(t, url, nil)
		for i, idle := range []time.Duration{0, 6 * time.Second, 7 * time.Second} {
			*u.idle -= idle
			a := u.Upload(t.Context(), testCall(smallAudio()))
			if a.Class != measure.Accepted || a.Reconnected != (i == 2) {
				t.Errorf("after %v: %+v", idle, a)
			}
		}
	})
}

// A server that goes away after it has a call may have stored it, so the call must not be sent again.
func TestWireNoBlindRetry(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		url, _ := scripted(t, func(s *side) { s.read(); s.write(accepted); s.read(); s.reset() }, again)
		u := open.wire(t, url, nil)
		u.Upload(t.Context(), testCall(smallAudio()))
		if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Reset || a.Reconnected || a.NewConn {
			t.Errorf("attempt %+v", a)
		}
		if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted || a.Reconnected ||
			!a.NewConn {
			t.Errorf("the next one: %+v", a)
		}
	})
}

func TestWireConnectionPerCall(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		url, closed := scripted(t, again, again, again)
		u := open.wire(t, url, func(_ *scenario.Scenario, o *upload.ConnectOptions) { o.KeepAlive = false })
		for i := range 3 {
			a := u.Upload(t.Context(), testCall(smallAudio()))
			if a.Class != measure.Accepted || !a.NewConn || a.Reconnected || a.Steps[measure.Connect] < 0 ||
				a.Steps[measure.Handshake] >= 0 {
				t.Errorf("attempt %+v", a)
			}
			<-closed[i]
		}
	})
}

func TestWireTimeout(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		short := func(s *scenario.Scenario, _ *upload.ConnectOptions) { s.Timeout = 500 * time.Millisecond }
		for name, tt := range map[string]struct {
			script script
			audio  []byte
		}{
			"no reply":     {func(s *side) { s.read(); s.hold() }, smallAudio()},
			"half a reply": {func(s *side) { s.read(); s.write(accepted[:30]); s.hold() }, smallAudio()},
			"nothing read": {(*side).hold, hugeAudio()},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				url, _ := scripted(t, tt.script, again)
				u := open.wire(t, url, short)
				a := u.Upload(t.Context(), testCall(tt.audio))
				if a.Class != measure.Timeout || a.Status != 0 || a.Detail != "no reply in time" {
					t.Errorf("attempt %+v", a)
				}
				u.target.timeout = time.Minute
				if a := u.Upload(t.Context(), testCall(smallAudio())); a.Class != measure.Accepted {
					t.Errorf("the next one: %+v", a)
				}
			})
		}
	})
}
