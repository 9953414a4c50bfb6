package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"rdiostress/internal/field"
)

// Every field that a message can name has a flag, and every name is that of a field.
func TestFieldsHaveFlags(t *testing.T) {
	root := newRootCmd(&streams{})
	isFlag := func(name string) bool {
		return slices.ContainsFunc(root.Commands(), func(cmd *cobra.Command) bool {
			return cmd.Flags().Lookup(name) != nil
		})
	}
	names := flagNames()
	for _, f := range field.Names() {
		name, ok := names[f]
		if word, _, _ := strings.Cut(strings.TrimPrefix(name, "--"), " "); !ok || strings.HasPrefix(name, "--") &&
			!isFlag(word) {
			t.Errorf("field %s is called %q, which is no flag", f, name)
		}
		delete(names, f)
	}
	if len(names) > 0 {
		t.Errorf("unknown fields %v", names)
	}
}

// Each of several errors about fields speaks of flags, and stays what it was.
func TestNameFlags(t *testing.T) {
	other := errors.New("a {rate} of its own")
	problem := &field.Error{Field: "rate", Problem: "{rate} and {ramp_up} are not {known}"}
	err := nameFlags(errors.Join(other, problem))
	if got, want := fmt.Sprint(err), "a {rate} of its own\n--rate and --ramp-up are not {known}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (*field.Error)(nil); !errors.As(err, &got) || got.Error() != "rate and ramp up are not {known}" {
		t.Errorf("%v", got)
	}
	if nameFlags(nil) != nil {
		t.Error("nothing wrong is an error")
	}
}
