package admission_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/admission"
)

// enter admits an upload; its ticket is closed when the test ends.
func enter(t *testing.T, g *admission.Gate) *admission.Ticket {
	t.Helper()
	ticket, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ticket.Close)
	return ticket
}

func TestGateQueuesForWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(1, 1, 1<<20)
		first, second, third := enter(t, g), enter(t, g), enter(t, g)
		if err := errors.Join(first.Acquire(), first.Acquire()); err != nil {
			t.Fatal(err)
		}
		acquired := make(chan error)
		go func() { acquired <- second.Acquire() }()
		synctest.Wait()
		if err := third.Acquire(); !errors.Is(err, admission.ErrBusy) {
			t.Errorf("with a full queue: %v, want ErrBusy", err)
		}
		if u := g.Usage(); u.Uploads != 3 || u.Workers != 1 || u.WorkerLimit != 1 || u.Queue != 1 || u.QueueLimit != 1 {
			t.Errorf("usage %+v", u)
		}
		time.Sleep(time.Second)
		first.Release()
		if err := <-acquired; err != nil {
			t.Errorf("the second: %v", err)
		}
		if got := second.Waited(); got != time.Second {
			t.Errorf("waited %v, want 1s", got)
		}
		second.Release()
		if err := first.Acquire(); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}

func TestGateLeavesWorkersToSmallUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(2, 10, 1<<20)
		large, other, small := enter(t, g), enter(t, g), enter(t, g)
		large.SetLarge()
		other.SetLarge()
		if err := large.Acquire(); err != nil {
			t.Fatal(err)
		}
		acquired := make(chan error, 1)
		go func() { acquired <- other.Acquire() }()
		synctest.Wait()
		if err := small.Acquire(); err != nil {
			t.Errorf("a small upload: %v", err)
		}
		select {
		case <-acquired:
			t.Error("two large uploads work at once")
		default:
		}
		small.Release()
		large.Release()
		if err := <-acquired; err != nil {
			t.Error(err)
		}
	})
}

func TestGateBoundsMemory(t *testing.T) {
	const kB = 1 << 10
	g := admission.NewGate(1, 1, 1000*kB)
	large, small := enter(t, g), enter(t, g)
	if !large.Reserve(500 * kB) {
		t.Error("half of the memory is refused")
	}
	if large.Reserve(501*kB) || large.Reserved() != 500*kB {
		t.Error("a large upload gets more than half of the memory")
	}
	if !small.Reserve(100*kB) || small.Reserve(600*kB) {
		t.Error("a small upload gets no memory, or more than there is")
	}
	if g.Usage().Memory != 600*kB || g.Usage().MemoryLimit != 1000*kB {
		t.Errorf("usage %+v", g.Usage())
	}
	if _, err := admission.NewGate(1, 1, kB).Enter(t.Context()); !errors.Is(err, admission.ErrNoMemory) {
		t.Errorf("without memory: %v, want ErrNoMemory", err)
	}
}

// A read slot expires, so that slow uploads do not block others.
func TestGateSlotsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slots = 192
		g := admission.NewGate(1, 1, 1<<30)
		for range slots {
			if err := enter(t, g).Start(); err != nil {
				t.Fatal(err)
			}
		}
		late := enter(t, g)
		if err := late.Start(); err != nil {
			t.Error(err)
		}
		if got := late.Waited(); got != 100*time.Millisecond {
			t.Errorf("waited %v for a slot, want 100ms", got)
		}
	})
}

func TestGateHeedsContext(t *testing.T) {
	g := admission.NewGate(1, 1, 1<<20)
	if err := enter(t, g).Acquire(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ticket, err := g.Enter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Acquire(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	ticket.Close()
	if n := g.Uploads(); n != 1 {
		t.Errorf("%d uploads have a ticket, want 1", n)
	}
}
