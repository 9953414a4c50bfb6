package diagnose

import (
	"testing"

	"rdiostress/internal/measure"
)

func TestFailureTextOfEveryClass(t *testing.T) {
	for c := measure.Timeout; c.String() != "unknown"; c++ {
		status := 0
		if c.Parent() == measure.ParentHTTP {
			status = 503
		}
		text := failureText(measure.ErrorDetail{Class: c.String(), Status: status})
		if text == "" || text == c.String() {
			t.Errorf("the class %v has no words", c)
		}
	}
	if text := failureText(measure.ErrorDetail{Class: "new"}); text != "new" {
		t.Errorf("a class of a later version is called %q", text)
	}
}
