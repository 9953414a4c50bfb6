package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/ratelimit"
)

// described checks replies against the description of the API. Its schemas are JSON Schema, as OpenAPI 3.1 requires.
type described struct {
	doc     map[string]any
	schemas *jsonschema.Compiler
	left    map[string]bool // "GET /path 200" that no test has seen yet
}

func openDescription(t *testing.T) *described {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	inJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(inJSON))
	if err != nil {
		t.Fatal(err)
	}
	d := &described{doc: doc.(map[string]any), schemas: jsonschema.NewCompiler(), left: make(map[string]bool)}
	d.schemas.AssertFormat()
	if err := d.schemas.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	for path, item := range d.at(t, "paths") {
		for method, op := range item.(map[string]any) {
			op, ok := op.(map[string]any)
			if !ok { // parameters of all methods
				continue
			}
			for status := range op["responses"].(map[string]any) {
				d.left[strings.ToUpper(method)+" "+path+" "+status] = true
			}
		}
	}
	return d
}

// at returns the object at a place in the document.
func (d *described) at(t *testing.T, path ...string) map[string]any {
	t.Helper()
	at := d.doc
	for _, name := range path {
		next, ok := at[name].(map[string]any)
		if !ok {
			return nil
		}
		if ref, ok := next["$ref"].(string); ok {
			next = d.at(t, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		at = next
	}
	return at
}

// whereIs returns the pointer to the place where a response is described.
func (d *described) whereIs(method, path, status string) string {
	operation := d.doc["paths"].(map[string]any)[path].(map[string]any)[method].(map[string]any)
	responses := operation["responses"].(map[string]any)
	if ref, ok := responses[status].(map[string]any)["$ref"].(string); ok {
		return ref
	}
	return "#/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + method + "/responses/" + status
}

// pattern returns the path in the description that matches a request's path.
func pattern(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if rest, ok := strings.CutPrefix(path, "/api/calls/"); ok {
		if strings.HasSuffix(rest, "/audio") {
			return "/api/calls/{id}/audio"
		}
		return "/api/calls/{id}"
	}
	return path
}

// check checks one reply against the description.
func (d *described) check(t *testing.T, method, path string, status int, header http.Header, body string) {
	t.Helper()
	name := fmt.Sprintf("%s %s %d", method, pattern(path), status)
	if status == http.StatusMethodNotAllowed { // is described at the methods that exist
		for _, allowed := range strings.Split(header.Get("Allow"), ", ") {
			delete(d.left, fmt.Sprintf("%s %s %d", allowed, pattern(path), status))
		}
		return
	}
	delete(d.left, name)
	code := fmt.Sprint(status)
	response := d.at(t, "paths", pattern(path), strings.ToLower(method), "responses", code)
	if response == nil {
		t.Errorf("%s is not described", name)
		return
	}
	content, _ := response["content"].(map[string]any)
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	_, isDescribed := content[kind]
	_, isAny := content["*/*"]
	if !isDescribed && !isAny && body != "" {
		t.Errorf("%s: the type %q is not described", name, kind)
	}
	for _, field := range []string{"Retry-After", "RateLimit", "Allow", "WWW-Authenticate", "ETag", "Accept-Encoding"} {
		if headers, _ := response["headers"].(map[string]any); header.Get(field) != "" && headers[field] == nil {
			t.Errorf("%s: the header %s is not described", name, field)
		}
	}
	// the server replies before it knows the method
	if method == http.MethodHead && body != "" && status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s has a body: %q", name, body)
	}
	if kind != "application/json" || !isDescribed || method == http.MethodHead {
		return
	}
	where := d.whereIs(strings.ToLower(method), pattern(path), code) + "/content/application~1json/schema"
	schema := d.compile(t, where)
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, body)
	}
}

// compile compiles the schema at a place in the document.
func (d *described) compile(t *testing.T, where string) *jsonschema.Schema {
	t.Helper()
	schema, err := d.schemas.Compile("openapi.json" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(where))
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return schema
}

// request is a request that gets a specific kind of reply.
type request struct {
	path   string
	method string
	body   string
	header []string
}

func post(body string) request {
	return request{path: "/api/call-upload", method: http.MethodPost, body: body}
}

func recording(body string) request {
	return request{path: "/api/trunk-recorder-call-upload", method: http.MethodPost, body: body}
}

func get(path string, header ...string) request {
	return request{path: path, method: http.MethodGet, header: header}
}

// Every reply of the server is described, and every described reply occurs.
func TestOpenAPI(t *testing.T) {
	d := openDescription(t)
	keys := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, keys, "keys:\n- {label: other, key: key-for-others, systems: [99]}\n")
	meta := field{"meta", `{"talkgroup":1001,"start_time":1764000000}`}
	scoped := field{"key", "key-for-others"}
	tooLarge := strings.Repeat(named("x", "1"), 100) + closing
	ordinary := newRig(t, func(o *server.Options) { o.KeyFile = keys })
	ordinary.upload(t)
	etag := ordinary.etag(t)
	var put error
	broken := newRig(t, func(o *server.Options) { o.Store = brokenStore{o.Store, func() error { return put }} })
	unreadable := newRig(t, func(o *server.Options) { o.Store = unreadableStore{o.Store} })
	down := newRig(t, func(o *server.Options) { o.Store = downStore{o.Store} })
	locked := newRig(t, func(o *server.Options) { o.ReadKey = "read-s3cret" })
	limited := newRig(t, func(o *server.Options) { o.FromRate = ratelimit.Rate{Limit: 1, Per: time.Hour} })
	limited.upload(t)
	fails := func(err error) func() { return func() { put = err } }
	all := []string{
		"/api/call-upload", "/api/trunk-recorder-call-upload", "/api/calls", "/api/calls/1", "/api/calls/1/audio",
		"/metrics",
		"/api/alerts", "/health", "/ready", "/openapi.yaml",
	}
	steps := []struct {
		on     *rig
		before func()
		reqs   []request
	}{
		{ordinary, nil, []request{
			post(form(callWith())), post(form(callWith(field{"test", "1"}))),
			post(form(callWith(field{"key", "wr0ng"}))),
			post(form(callWith(scoped))), post(""), post(form(callWith(field{"system", ""}))), post(tooLarge),
			recording(form(callWith(meta))), recording(form(callWith(meta,
				field{"key", "wr0ng"}))), recording(form(callWith(meta, scoped))),
			recording(form(callWith())), recording(""), recording(tooLarge),
			get("/api/calls"), get("/api/calls?count=false"), get("/api/calls?per_page=0"), get("/api/calls/1"),
			get("/api/calls/99"),
			get("/api/calls/1/audio"), get("/api/calls/1/audio", "Range", "bytes=0-9"), get("/api/calls/1/audio",
				"Range", "bytes=900-"),
			get("/api/calls/1/audio", "If-None-Match", etag), get("/api/calls/99/audio"), get("/api/calls/1/audio",
				"If-Match", `"other"`),
			get("/api/calls?cursor=start"), get("/api/calls?cursor=now"), get("/api/calls?cursor=x.1"),
			get("/api/calls?cursor=ab.1"),
			packed(post(form(callWith()))), packed(recording(form(callWith(meta)))),
			get("/metrics"), get("/metrics", "Accept",
				"application/json"), get("/api/alerts"), get("/health"), get("/ready"),
			get("/openapi.yaml"),
		}},
		{broken, fails(errors.New("on fire")), []request{
			post(form(callWith())), recording(form(callWith(meta))),
			get("/ready"),
		}},
		{broken, fails(call.ErrNoSpace), []request{post(form(callWith())), recording(form(callWith(meta)))}},
		{broken, fails(call.ErrFull), []request{post(form(callWith())), recording(form(callWith(meta)))}},
		{broken, fails(call.ErrDuplicate), []request{post(form(callWith())), recording(form(callWith(meta)))}},
		{unreadable, nil, []request{get("/api/calls"), get("/api/calls/1"), get("/api/calls/2/audio"), get("/health")}},
		{down, nil, []request{get("/api/calls"), get("/api/calls/1"), get("/api/calls/1/audio")}},
		{locked, nil, []request{get("/api/calls"), get("/api/calls/1"), get("/api/calls/1/audio")}},
		{limited, nil, []request{post(form(callWith())), recording(form(callWith(meta)))}},
	}
	for _, step := range steps {
		if step.before != nil {
			step.before()
		}
		for _, req := range step.reqs {
			for _, method := range methods(req) {
				for _, accept := range []string{"*/*", "application/json"} {
					header := append([]string{"Accept", accept}, req.header...)
					resp, body := step.on.do(t, method, req.path, strings.NewReader(req.body), header...)
					d.check(t, method, req.path, resp.StatusCode, resp.Header, body)
				}
			}
		}
	}
	for _, path := range all {
		resp, body := ordinary.do(t, http.MethodDelete, path, nil)
		d.check(t, http.MethodDelete, path, resp.StatusCode, resp.Header, body)
	}
	for _, path := range all[:2] { // a slow client
		rec := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodPost, path, io.MultiReader(strings.NewReader(form(callWith())[:300]),
			timeoutReader{}))
		req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		ordinary.server.ServeHTTP(rec, req)
		d.check(t, http.MethodPost, path, rec.Code, rec.Result().Header, rec.Body.String())
	}
	serve(t, limited)
	for _, path := range all { // a request head that is too large
		method := http.MethodGet
		if strings.HasSuffix(path, "-upload") {
			method = http.MethodPost
		}
		for _, method := range methods(request{method: method}) {
			status, header, body := hugeHead(t, limited, method, path)
			d.check(t, method, path, status, header, body)
		}
	}
	var unseen []string
	for name := range d.left {
		unseen = append(unseen, name)
	}
	slices.Sort(unseen)
	if len(unseen) > 0 {
		t.Errorf("described, and never answered:\n%s", strings.Join(unseen, "\n"))
	}
	_, served := ordinary.get(t, "/openapi.yaml")
	if text, err := os.ReadFile("openapi.yaml"); err != nil || !bytes.Equal(text, []byte(served)) {
		t.Errorf("another description is served: %v", err)
	}
}

// packed is a request that claims to be compressed.
func packed(req request) request {
	req.header = append(req.header, "Content-Encoding", "gzip")
	return req
}

// methods returns the methods for a request: HEAD is allowed wherever GET is.
func methods(req request) []string {
	if req.method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{req.method}
}

// hugeHead sends a request with a larger head than the server accepts.
func hugeHead(t *testing.T, r *rig, method, path string) (status int, header http.Header, body string) {
	t.Helper()
	conn := r.dial(t)
	go fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", method, path, strings.Repeat("x", 100<<10))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(readAll(t, resp.Body))
}

// etag returns the ETag of the first call's audio.
func (r *rig) etag(t *testing.T) string {
	t.Helper()
	resp, _ := r.get(t, "/api/calls/1/audio")
	return resp.Header.Get("ETag")
}

// timeoutReader is a body that stalls.
type timeoutReader struct{}

func (timeoutReader) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// downStore is a store whose database is known to be down.
type downStore struct{ call.Store }

var errDown = &call.UnavailableError{RetryAfter: 3 * time.Second, Err: errors.New("connection refused")}

func (downStore) Calls(context.Context, call.Query) ([]call.Record, int64, error) {
	return nil, 0, errDown
}

func (downStore) Listed(context.Context, int64) (call.Record, error) {
	return call.Record{}, errDown
}

func (downStore) Call(context.Context, int64) (call.Record, error) { return call.Record{}, errDown }
