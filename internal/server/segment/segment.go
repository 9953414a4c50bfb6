// Package segment keeps the audio of calls in segments: files that are only ever appended to, so that each byte is
// written once.
//
// A segment begins with a header and has one record after the other. A record has a call's id, its audio, and its row:
// what the database has about the call, in whatever form the store gives it. So a database that has lost its newest
// rows gets them back from the segments alone. Every record has a checksum, and says where it is: what an interrupted
// write has left is not taken for one.
//
//	segments/00000017.seg   header | head audio row | head audio row | ...
//
// A [Log] appends. The store writes the records of a transaction, calls [Log.Sync], and commits the rows afterwards: a
// row never points at audio that a crash can lose. What a transaction leaves that failed is cut off again. Whole
// segments are removed when no row points at them any more.
package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
)

const (
	suffix      = ".seg"
	magic       = "rdioseg1"
	storeLength = 16
	recordMagic = 0x6c6c6163 // "call"

	// HeaderBytes is where the first record of a segment begins.
	HeaderBytes = 8 + storeLength + 8 + 4
	// HeadBytes is what a record has before its audio.
	HeadBytes = 32
)

// ErrDamaged means that the bytes at a place are not what was written there.
var ErrDamaged = errors.New("damaged")

// Place is where a record begins.
type Place struct{ Segment, Offset int64 }

// Audio returns where the audio of the record begins.
func (p Place) Audio() int64 { return p.Offset + HeadBytes }

// Record is a call in a segment.
type Record struct {
	ID    int64
	Place Place
	Audio []byte // empty if the audio is elsewhere
	Row   []byte
}

// Bytes returns how much of the segment the record takes.
func (r *Record) Bytes() int64 { return int64(HeadBytes + len(r.Audio) + len(r.Row)) }

// FileName returns the name of a segment's file.
func FileName(id int64) string { return fmt.Sprintf("%08d%s", id, suffix) }

// idOf returns the number of a segment, by the name of its file.
func idOf(name string) (id int64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil && id > 0 && FileName(id) == name
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

// header returns the header of a segment of a store.
func header(store string, id int64) []byte {
	h := make([]byte, HeaderBytes)
	copy(h, magic)
	copy(h[8:8+storeLength], store)
	binary.LittleEndian.PutUint64(h[8+storeLength:], uint64(id))
	binary.LittleEndian.PutUint32(h[HeaderBytes-4:], crc32.Checksum(h[:HeaderBytes-4], castagnoli()))
	return h
}

// readHeader returns the store that a segment belongs to.
func readHeader(r io.ReaderAt, id int64) (store string, err error) {
	h := make([]byte, HeaderBytes)
	if n, err := r.ReadAt(h, 0); n < len(h) {
		return "", errors.Join(ErrDamaged, err)
	}
	store = strings.TrimRight(string(h[8:8+storeLength]), "\x00")
	if string(h) != string(header(store, id)) {
		return "", ErrDamaged
	}
	return store, nil
}

// putHead fills the head of a record.
func putHead(head []byte, id, offset int64, audio, row []byte) {
	binary.LittleEndian.PutUint32(head, recordMagic)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(audio)))
	binary.LittleEndian.PutUint32(head[12:], uint32(len(row)))
	binary.LittleEndian.PutUint64(head[16:], uint64(id))
	binary.LittleEndian.PutUint64(head[24:], uint64(offset))
	binary.LittleEndian.PutUint32(head[4:], sumOf(head, audio, row))
}

// isHead reports whether a head is one of a record at an offset.
func isHead(head []byte, offset int64) bool {
	return binary.LittleEndian.Uint32(head) == recordMagic && binary.LittleEndian.Uint64(head[24:]) == uint64(offset)
}

func idIn(head []byte) int64    { return int64(binary.LittleEndian.Uint64(head[16:])) }
func audioIn(head []byte) int64 { return int64(binary.LittleEndian.Uint32(head[8:])) }

// sumOf returns the checksum of a record.
func sumOf(head, audio, row []byte) uint32 {
	sum := crc32.Checksum(head[8:HeadBytes], castagnoli())
	sum = crc32.Update(sum, castagnoli(), audio)
	return crc32.Update(sum, castagnoli(), row)
}

// ReadRecord reads the record at a place of a segment of size bytes. It returns ErrDamaged if there is no whole one.
func ReadRecord(r io.ReaderAt, at Place, size int64) (rec Record, err error) {
	head := make([]byte, HeadBytes)
	if at.Offset < HeaderBytes || size-at.Offset < HeadBytes {
		return rec, ErrDamaged
	}
	if _, err := r.ReadAt(head, at.Offset); err != nil {
		return rec, readError(err)
	}
	audio, row := audioIn(head), int64(binary.LittleEndian.Uint32(head[12:]))
	if !isHead(head, at.Offset) || size-at.Audio() < audio+row {
		return rec, ErrDamaged
	}
	body := make([]byte, audio+row)
	if n, err := r.ReadAt(body, at.Audio()); n < len(body) {
		return rec, readError(err)
	}
	rec = Record{
		ID: idIn(head), Place: at,
		Audio: body[:audio:audio], Row: body[audio:],
	}
	if binary.LittleEndian.Uint32(head[4:]) != sumOf(head, rec.Audio, rec.Row) || rec.ID < 1 {
		return Record{}, ErrDamaged
	}
	return rec, nil
}

// readError returns ErrDamaged if a file ends too early, and other errors as they are: they do not mean that nothing is
// there.
func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrDamaged
	}
	return err
}

// Encode returns a record as it is in its segment.
func Encode(rec Record) []byte {
	text := make([]byte, HeadBytes, rec.Bytes())
	putHead(text, rec.ID, rec.Place.Offset, rec.Audio, rec.Row)
	return append(append(text, rec.Audio...), rec.Row...)
}
