package server

import (
	_ "embed" // for the description of the API
	"net/http"
)

// openAPI is the description of the API. Tests compare it with what the server does.
//
//go:embed openapi.yaml
var openAPI []byte

// handleOpenAPI serves GET /openapi.yaml.
func (s *Server) handleOpenAPI(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, "application/yaml", openAPI)
}
