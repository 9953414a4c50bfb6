package discover

import (
	"fmt"
	"io"
	"math"
	"strings"

	"rdiostress/internal/inputfile"
)

// magic is the start of every SQLite database.
const magic = "SQLite format 3\x00"

// databases returns the SQLite databases among the files that the process has open, also found by the files that SQLite
// keeps beside them.
func (p *process) databases() (places []Place) {
	for _, file := range p.files {
		for _, beside := range []string{"-wal", "-shm", "-journal"} {
			file = strings.TrimSuffix(file, beside)
		}
		if isSQLite(file) {
			places = append(places, sqlite(file, fmt.Sprintf("among the open files of process %d", p.pid)))
		}
	}
	return places
}

func sqlite(file, how string) Place {
	return Place{Method: SQLite, Where: plain(file), How: how, address: file}
}

// isSQLite reports whether a file is an SQLite database.
func isSQLite(path string) bool {
	f, _, err := inputfile.Open(path, math.MaxInt64)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == magic
}
