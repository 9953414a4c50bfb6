package cli

import (
	"errors"
	"fmt"

	"rdiostress/internal/trial"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/upload"
)

// trialError gives an error of a trial its exit code, and says which flags can change it.
func trialError(err error) error {
	var (
		target     *upload.TargetError
		connection *trial.ConnectionError
		audio      *trial.AudioError
		recordings *trial.ReplayError
		watch      *trial.WatchError
		talkgroups *trial.TalkgroupsError
		window     *trial.WindowError
		unseen     *trial.StorageUnseenError
		listen     *verification.ListenError
		open       *verification.OpenError
		kill       *crash.KillError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &target):
		return withHint(nameFlags(target), flagText(target.Hint))
	case errors.As(err, &connection):
		return usageErrorf("", "%w", connectionError(err))
	case errors.As(err, &audio):
		return usageErrorf("", "--audio-dir %w", err)
	case errors.As(err, &recordings):
		return usageErrorf(replayHint, "--replay: %w", err)
	case errors.As(err, &watch):
		return withHint(nameFlags(watch.Err), "--watch none does not watch the server")
	case errors.As(err, &talkgroups):
		return withHint(err, talkgroupsHint(talkgroups))
	case errors.As(err, &window):
		return usageErrorf("", "%w", &trial.WindowError{Window: window.Window, Err: nameFlags(window.Err)})
	case errors.As(err, &unseen):
		return withHint(err, "pass --verify with the server's database")
	case errors.As(err, &open):
		if errors.As(err, &listen) {
			open.Err = listenError("--verify sink=", listen.Address, listen.Err)
		}
		return withHint(open, "--verify names what to look at; --verify none does not look")
	case errors.As(err, &kill):
		return withHint(err, "name the server's process, as a user who may kill it")
	default:
		return nameFlags(err)
	}
}

// talkgroupsHint says which talkgroups the server could be sent.
func talkgroupsHint(e *trial.TalkgroupsError) string {
	const hint = "give --systems and --talkgroups that it has"
	if len(e.Talkgroups) == 0 {
		return hint
	}
	return fmt.Sprintf("%s, such as --systems %d --talkgroups %v", hint, e.System, e.Talkgroups)
}
