package cli

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"rdiostress/internal/scenario"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/upload"
)

// What keeps a trial from being made has an exit code, and names the flags that can change it.
func TestTrialErrors(t *testing.T) {
	why := errors.New("why")
	sink := verification.Place{Kind: verification.Sink, Address: "127.0.0.1:9000"}
	for want, err := range map[string]error{
		"3 nothing listens; check the host in --url": &upload.TargetError{
			Problem: "nothing listens",
			Hint:    "check the host in {url}",
		},
		"2 --ca-cert: " +
			"why": errors.Join(&trial.ConnectionError{
			Field: "CAFile",
			Err:   why,
		}),
		"2 --audio-dir why":                             &trial.AudioError{Err: why},
		"2 --replay: why; " + replayHint:                &trial.ReplayError{Err: why},
		"3 why; --watch none does not watch the server": &trial.WatchError{Err: why},
		"3 it knows none; give --systems and --talkgroups that it has": &trial.TalkgroupsError{Problem: "it knows " +
			"none"},
		"3 it knows few; give --systems and --talkgroups that it has, such as --systems 900 --talkgroups " +
			"1-2": &trial.TalkgroupsError{
			Problem: "it knows few", System: 900, Talkgroups: scenario.IDs{1, 2},
		},
		"2 this server takes calls of a talkgroup that begin within 2s for duplicates: " +
			"why": &trial.WindowError{Window: 2 * time.Second, Err: why},
		"3 a crash test has to check what is stored, but why; pass --verify with the server's " +
			"database": &trial.StorageUnseenError{Why: "why"},
		"3 cannot check whether calls are stored in sink=127.0.0.1:9000: 127.0.0.1:9000 is in use by another " +
			"program; --verify names what to look at; --verify none does not look": &verification.OpenError{
			Place: sink, Err: &verification.ListenError{Address: sink.Address, Err: syscall.EADDRINUSE},
		},
		"3 cannot check whether calls are stored in auto: why; --verify names what to look at; --verify none does " +
			"not look": &verification.OpenError{
			Place: verification.Place{Kind: verification.Auto}, Err: why,
		},
		"3 cannot kill 7: why; name the server's process, as a user who may kill it": &crash.KillError{
			Victim: "7",
			Err:    why,
		},
		"3 why": why,
	} {
		var said strings.Builder
		got := trialError(err)
		printError(&streams{Err: &said}, got)
		text := strings.NewReplacer(errorPrefix, "", "\nrdiostress: hint: ",
			"; ").Replace(strings.TrimSuffix(said.String(), "\n"))
		if text = string(rune('0'+exitCode(got))) + " " + text; text != want {
			t.Errorf("got  %s\nwant %s", text, want)
		}
	}
	if err := trialError(nil); err != nil {
		t.Error(err)
	}
}
