package observe

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// ErrElsewhere means that the server runs on another machine.
var ErrElsewhere = errors.New(elsewhere)

// Processes finds the processes of the server at URL and Resolve, or PID and its descendants. The common ancestor comes
// first. It returns ErrElsewhere if the server is not on this machine.
func Processes(ctx context.Context, o Options) ([]int32, error) {
	root := int32(o.PID)
	if root == 0 {
		if !o.isLocal(ctx) {
			return nil, ErrElsewhere
		}
		target, err := o.target()
		if err != nil {
			return nil, err
		}
		var hidden bool
		if root, hidden, err = listener(ctx, target.Host, target.Port); err != nil {
			return nil, err
		}
		if hidden {
			return nil, fmt.Errorf("the server's process, which listens on port %s, belongs to another user: "+
				"a run as that user can read it", target.Port)
		}
	}
	if root == 0 || root == int32(os.Getpid()) {
		return nil, errors.New("the server's process is not seen")
	}
	table, err := readTable(ctx)
	if err != nil {
		return nil, fmt.Errorf("the server's processes: %w", err)
	}
	return family(table, root, int32(os.Getpid())), nil
}
