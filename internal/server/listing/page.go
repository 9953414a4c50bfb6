package listing

import "rdiostress/internal/server/call"

// ReadPage reads calls until there are no more or they take maxBytes; 0 means no limit. For each call it calls next and
// then scan. The caller closes the rows and checks their error.
func ReadPage(next func() bool, scan func() (call.Record, error), maxBytes int64) (page []call.Record, err error) {
	size := int64(0)
	for (maxBytes == 0 || size < maxBytes) && next() {
		rec, err := scan()
		if err != nil {
			return nil, err
		}
		page = append(page, rec)
		size += rec.Bytes()
	}
	return page, nil
}
