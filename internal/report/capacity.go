package report

import (
	"encoding/json"
	"fmt"
	"io"

	"rdiostress/internal/capacity"
)

// WriteCapacityJSON writes a search for the capacity as indented JSON.
func WriteCapacityJSON(w io.Writer, rep capacity.Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rep); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
