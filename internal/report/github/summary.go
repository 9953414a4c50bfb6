package github

import (
	"bytes"
	"errors"
	"io"

	"rdiostress/internal/report"
)

// maxSummary is how large the summary of a step may be: GitHub shows nothing of a larger one.
const maxSummary = 1 << 20

// AppendSummary adds a part to the summary of a step, which other programs of the step may have written to. write
// writes the part, of at most so many bytes: the room that is left.
func AppendSummary(path string, write func(w io.Writer, maxBytes int) error) error {
	return report.AppendFile(path, func(size int64) ([]byte, error) {
		var part bytes.Buffer
		if size > 0 {
			part.WriteString("\n\n") // a table or a list may end the file
		}
		room := maxSummary - size - int64(part.Len())
		before := part.Len()
		if room > 0 {
			if err := write(&part, int(room)); err != nil {
				return nil, err
			}
		}
		if part.Len() == before {
			return nil, errors.New("the step's summary is full: GitHub shows at most 1 MiB")
		}
		return part.Bytes(), nil
	})
}
