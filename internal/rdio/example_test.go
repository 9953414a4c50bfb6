package rdio_test

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"rdiostress/internal/rdio"
)

// A call is laid out as SDRTrunk does, and read again as a server does.
func ExampleEncoder() {
	e := rdio.NewEncoder(rdio.SDRTrunk, "secret")
	audio := bytes.Repeat([]byte("sound"), 20)
	form, split := e.Append(nil, &rdio.Upload{
		Call: rdio.Call{
			System: 11, Talkgroup: 1001, Time: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
			AudioName: "call.mp3", AudioType: "audio/mpeg",
		},
	})
	body := io.MultiReader(bytes.NewReader(form[:split]), bytes.NewReader(audio), bytes.NewReader(form[split:]))

	boundary := string(form[2 : 2+e.BoundaryLen()]) // behind the two dashes that the form begins with
	read, err := rdio.ReadForm(body, boundary, func(_ *rdio.Form, r io.Reader) (int64, error) {
		return io.Copy(io.Discard, r)
	})
	if err != nil {
		fmt.Println(err)
	}
	call, _, err := read.Call(time.Now())
	fmt.Println(call.System, call.Talkgroup, call.Time.Format(time.DateTime), read.AudioBytes, err)
	// Output: 11 1001 2026-11-30 12:00:00 100 <nil>
}

// A 200 is an acceptance only where the reply says that the call was imported.
func ExampleReadReply() {
	fmt.Println(rdio.ReadReply(200, []byte("Call imported successfully.\n")) == rdio.Imported)
	fmt.Println(rdio.ReadReply(200, []byte("duplicate call rejected\n")) == rdio.Duplicate)
	// Output:
	// true
	// true
}
