package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/delivery/deliverytest"
)

// A list of calls without hashes says so; a list with hashes of converted audio says that the audio was not checked.
func TestAudioOfLists(t *testing.T) {
	sent := capturetest.Clip(t, audio.WAVAt8kHz, 900*time.Millisecond)
	size, other := int64(len(sent)), int64(4711)
	const unhashed = "the server's list of calls has no hash of the audio"
	for _, tt := range []struct {
		name string
		call ListedCall
		want string
	}{
		{"without a hash", ListedCall{Name: ".wav", Size: &size}, "1+0; 0 compared, 0 converted, 0 checked; " +
			unhashed},
		{"without anything", ListedCall{Name: ".wav"}, "1+0; 0 compared, 0 converted, 0 checked; " + unhashed},
		{
			"another size",
			ListedCall{Name: ".wav", Size: &other},
			"0+1; 1 compared, 0 converted, 0 checked; 000: 4711 bytes, sent 14508",
		},
		{
			"another form",
			ListedCall{Name: ".m4a", Size: &other, Sum: strings.Repeat("0a", 32)},
			"1+0; 0 compared, 1 converted, 0 checked; the server's list of calls has only the hash of the audio",
		},
	} {
		l := deliverytest.ManyCalls(1)
		o := deliverytest.Sending(".wav", sent)
		c := tt.call
		c.Name, c.System, c.Talkgroup, c.Timestamp = "run-7f3a-000000"+c.Name, 11, 1001, capturetest.FirstOfSix.Format(
			time.RFC3339,
		)
		row := c.row()
		capturetest.CheckTold(t, tt.name, deliverytest.Account(t, l, &listed{row: &row}, o), tt.want)
	}
}

// listed returns an api whose list has one call.
type listed struct {
	api
	row *delivery.Row
}

func (p *listed) ReadAll(_ context.Context, v *delivery.Visitor) error {
	v.Row(p.row)
	return nil
}
