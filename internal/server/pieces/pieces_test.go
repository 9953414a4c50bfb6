package pieces_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"rdiostress/internal/server/pieces"
)

// reader reads content and counts the pieces that it fetches.
func reader(content []byte, fetched *int) *pieces.Reader {
	piece := func(start int64) []byte { return content[start:min(start+pieces.Size, int64(len(content)))] }
	return pieces.New(int64(len(content)), piece(0), func(start int64) ([]byte, error) {
		*fetched++
		return piece(start), nil
	})
}

func TestReader(t *testing.T) {
	for _, size := range []int{0, 1, 1000, pieces.Size - 1, pieces.Size, pieces.Size + 1, 3*pieces.Size + 7} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i * i >> 9)
		}
		fetched := 0
		if err := iotest.TestReader(reader(content, &fetched), content); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		fetched = 0
		got, err := io.ReadAll(reader(content, &fetched))
		if !bytes.Equal(got, content) || err != nil || fetched > size/pieces.Size {
			t.Errorf("%d of %d bytes in %d pieces, %v", len(got), size, fetched+1, err)
		}
	}
}

// A piece that is gone when it is fetched, or is shorter than expected, is an error.
func TestReaderFails(t *testing.T) {
	gone := errors.New("gone")
	for _, want := range []error{gone, io.ErrUnexpectedEOF} {
		r := pieces.New(100, make([]byte, 50), func(int64) ([]byte, error) {
			if want == gone {
				return nil, gone
			}
			return nil, nil
		})
		if got, err := io.ReadAll(r); len(got) != 50 || !errors.Is(err, want) {
			t.Errorf("%d bytes, %v; want %v", len(got), err, want)
		}
	}
	if _, err := pieces.New(9, nil, nil).Seek(-1, io.SeekStart); err == nil {
		t.Error("a place before the start was found")
	}
	if err := pieces.New(9, nil, nil).Close(); err != nil {
		t.Error(err)
	}
}
