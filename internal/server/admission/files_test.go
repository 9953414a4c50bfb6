package admission

import "testing"

func TestShareFiles(t *testing.T) {
	tests := []struct {
		limit, store int
		want         FileShares
		isErr        bool
	}{
		{limit: 64, store: 64, isErr: true},
		{limit: 135, store: 64, isErr: true},
		{limit: 136, store: 64, want: FileShares{6, 2}},
		{limit: 256, store: 64, want: FileShares{96, 32}},
		{limit: 1024, store: 84, want: FileShares{657, 219}},
		{limit: 20_000, store: 64, want: FileShares{18_848, 1024}},
	}
	for _, tt := range tests {
		got, err := shareFiles(tt.limit, tt.store)
		if got != tt.want || (err != nil) != tt.isErr {
			t.Errorf("%d files, %d of them the store's: %+v, %v; want %+v", tt.limit, tt.store, got, err, tt.want)
		}
		if used := got.Connections + got.Audio + tt.store + ownFiles; err == nil && used > tt.limit {
			t.Errorf("%d files are shared out as %d", tt.limit, used)
		}
	}
}

func TestCheckConnections(t *testing.T) {
	limit := openFilesLimit()
	if err := CheckConnections(0, DefaultStoreFiles); err != nil {
		t.Errorf("with a limit of %d: %v", limit, err)
	}
	if err := CheckConnections(limit, DefaultStoreFiles); err == nil {
		t.Errorf("with a limit of %d as many connections are too many", limit)
	}
}
