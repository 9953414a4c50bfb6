package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// eachBox calls visit for every box of an MP4 file, with the names of the boxes that it lies in, such as
// "moov/trak/tkhd", and where in the file it begins and ends. It enters the boxes that hold what a file's sound is made
// of, and nothing else.
func eachBox(file []byte, visit func(path string, start, end int)) error {
	return eachBoxIn(file, 0, len(file), "", visit)
}

// containers are the boxes that hold boxes alone and that are entered.
const containers = "moov trak edts mdia minf stbl mvex moof traf "

func eachBoxIn(file []byte, at, end int, path string, visit func(path string, start, end int)) error {
	for at < end {
		size, header, err := boxSize(file[at:end])
		if err != nil {
			return fmt.Errorf("byte %d: %w", at, err)
		}
		name := string(file[at+4 : at+8])
		visit(path+name, at, at+size)
		if strings.Contains(containers, name+" ") {
			if err := eachBoxIn(file, at+header, at+size, path+name+"/", visit); err != nil {
				return err
			}
		}
		at += size
	}
	return nil
}

// ErrCutOff says that a file ends before it should.
var ErrCutOff = errors.New("cut off")

// boxSize reads the size of the box that b begins with, and that of its header.
func boxSize(b []byte) (size, header int, err error) {
	const short, long = 8, 16
	if len(b) < short {
		return 0, 0, fmt.Errorf("%w: box after %d bytes", ErrCutOff, len(b))
	}
	n, header := uint64(binary.BigEndian.Uint32(b)), short
	switch {
	case n == 0: // up to the end of the file
		n = uint64(len(b))
	case n == 1 && len(b) >= long:
		n, header = binary.BigEndian.Uint64(b[short:]), long
	}
	switch {
	case n < uint64(header):
		return 0, 0, fmt.Errorf("box of %d bytes, fewer than its header", n)
	case n > uint64(len(b)):
		return 0, 0, fmt.Errorf("%w: box of %d bytes where %d are left", ErrCutOff, n, len(b))
	}
	return int(n), header, nil
}
