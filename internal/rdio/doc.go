// Package rdio is the RdioScanner call-upload protocol, shared by both ends: the [Call], the form that carries it, how
// a client lays it out and what a reply means.
//
// It knows neither how calls are sent nor where they are kept. What real clients and servers do is described in
// docs/protocol.md; the captured requests in testdata/captures are what the decoder is tested against.
package rdio
