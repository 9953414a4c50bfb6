package wire

import (
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// Replies without an end, and such whose phrase comes late, are judged as their clients judge them. The package upload
// has the same test.
func TestWireLongReplies(t *testing.T) {
	eachWiring(t, func(t *testing.T, open wiring) {
		for _, tt := range uploadtest.ReplyCases() {
			t.Run(tt.Name, func(t *testing.T) {
				t.Parallel()
				u := open.wire(t, uploadtest.ReplyServer(t, tt), func(s *scenario.Scenario, _ *upload.ConnectOptions) {
					if tt.Class != measure.Accepted {
						s.Timeout = uploadtest.ReplyTimeout
					}
				})
				call := testCall(smallAudio())
				call.Client = tt.Client
				if a := u.Upload(t.Context(), call); a.Class != tt.Class || a.Status != tt.Status {
					t.Errorf("%v, status %d, %q; want %v, %d", a.Class, a.Status, a.Detail, tt.Class, tt.Status)
				}
			})
		}
	})
}
