package cli

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"rdiostress/internal/rdio"
)

// peer is a call server that answers as another project's was seen to: tr-engine, sdrtrunk-rdio-api, or a proxy that
// redirects.
func peer() {
	as := flag.String("as", "tr-engine", "`server` to answer as")
	window := flag.Duration("window", 10*time.Second, "within which tr-engine's calls are duplicates")
	to := flag.String("to", "", "where the proxy redirects")
	flag.Parse()
	handle := map[string]http.HandlerFunc{
		"tr-engine": likeTREngine(*window), "sdrtrunk-rdio-api": likeSDRAPI,
		"proxy": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, *to+r.URL.Path, http.StatusMovedPermanently)
		},
	}[*as]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listening + "http://" + l.Addr().String())
	_ = http.Serve(l, handle)
}

func inJSON(w http.ResponseWriter, status int, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, format, args...)
}

// likeTREngine knows systems by their labels, and reads no dates but Unix seconds.
func likeTREngine(window time.Duration) http.HandlerFunc {
	type place struct{ label, talkgroup string }
	var mu sync.Mutex
	stored := make(map[place][]int64)
	return func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		switch {
		case r.URL.Path != rdio.TREnginePath:
			http.NotFound(w, r)
			return
		case r.FormValue("key") != "write-token":
			inJSON(w, http.StatusUnauthorized, `{"code":"unauthorized","error":"unauthorized"}`)
			return
		case len(r.MultipartForm.File) == 0:
			inJSON(w, http.StatusBadRequest, `{"code":"bad_request","error":"unrecognized upload format"}`)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		at := place{r.FormValue("systemLabel"), r.FormValue("talkgroup")}
		date, _ := strconv.ParseInt(r.FormValue("dateTime"), 10, 64)
		for _, other := range stored[at] {
			if (time.Duration(date-other) * time.Second).Abs() <= window {
				inJSON(w, http.StatusConflict,
					`{"code":"duplicate","error":"duplicate call: call_id=1 already exists for start_time=%d"}`, date)
				return
			}
		}
		stored[at] = append(stored[at], date)
		inJSON(w, http.StatusCreated, `{"call_id":1,"start_time":%q}`, time.Unix(date, 0).UTC().Format(time.RFC3339))
	}
}

// likeSDRAPI fails over dates in words.
func likeSDRAPI(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseMultipartForm(1 << 20)
	_, err := strconv.Atoi(r.FormValue("dateTime"))
	switch {
	case r.URL.Path != rdio.UploadPath:
		inJSON(w, http.StatusNotFound, `{"detail":"Not Found"}`)
	case r.FormValue("test") != "":
		fmt.Fprint(w, rdio.PhraseTest)
	case err != nil:
		inJSON(w, http.StatusInternalServerError, `{"detail":"Internal server error"}`)
	default:
		fmt.Fprint(w, rdio.PhraseImported)
	}
}
