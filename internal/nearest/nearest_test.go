package nearest

import "testing"

func TestName(t *testing.T) {
	names := []string{"rate", "duration", "max-concurrent", "p95_response_time_s"}
	for word, want := range map[string]string{
		"rate":                "rate",
		"rtae":                "rate",
		"Max_Concurrent":      "max-concurrent",
		"maxconcurent":        "max-concurrent",
		"p95_responce_time_s": "p95_response_time_s",
		"latency":             "",
		"":                    "",
	} {
		if got := Name(word, names); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
}
