package torture

import (
	"net/http"
	"syscall"
	"time"
)

// serverFaults strike the server's process.
func serverFaults() []*fault {
	return []*fault{
		{"kill -9, calls in SQLite", ofServe, func(r *round) { killed(r, r.sqlite()) }},
		{"kill -9, calls in PostgreSQL", ofServe, func(r *round) { killed(r, r.onPostgres()) }},
		{"kill -9 while it starts", ofServe, killedAtStart},
		{"SIGTERM under load", ofServe, terminated},
		{"SIGSTOP and SIGCONT", ofServe, paused},
		{"answers to clients lost", ofServe, answersLost},
	}
}

// strikes is how often a fault strikes in one round.
func (r *round) strikes() int {
	if r.isLong {
		return 1 + r.random.IntN(4)
	}
	return 1
}

// killed kills the server under load, again and again.
func killed(r *round, s *server) {
	l := r.startLoad(s.url)
	for range r.strikes() {
		l.awaitAcks(30)
		r.pass(r.between(0, 200*time.Millisecond, time.Second))
		s.kill()
		r.tally.strikes++
		s.start()
		l.awaitBack()
	}
	s.settle(l)
}

// killedAtStart kills the server under load, and then while it reads its log and sweeps its folder.
func killedAtStart(r *round) {
	s := r.sqlite()
	l := r.startLoad(s.url)
	for range r.strikes() {
		l.awaitAcks(100)
		s.kill()
		for range 1 + r.random.IntN(3) {
			s.abort(r.between(0, 60*time.Millisecond, 100*time.Millisecond))
			r.tally.strikes++
		}
		s.start()
		l.awaitBack()
	}
	s.settle(l)
}

// terminated stops the server under load as an administrator does: it ends by itself, and soon.
func terminated(r *round) {
	s := r.sqlite()
	l := r.startLoad(s.url)
	for range r.strikes() {
		l.awaitAcks(30)
		r.pass(r.between(0, 100*time.Millisecond, 500*time.Millisecond))
		s.signal(syscall.SIGTERM)
		r.tally.strikes++
		r.await(backLimit, "the server ends after SIGTERM", s.hasEnded)
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			r.breaks("after SIGTERM the exit code is %d", code)
		}
		s.start()
		l.awaitBack()
	}
	s.settle(l)
}

// paused stops the server's process for a while, as a virtual machine is paused, for longer than its clients wait.
func paused(r *round) {
	s := r.sqlite()
	l := r.startLoad(s.url)
	for range r.strikes() {
		l.awaitAcks(30)
		s.signal(syscall.SIGSTOP)
		r.tally.strikes++
		r.pass(r.between(50*time.Millisecond, 500*time.Millisecond, 13*time.Second))
		s.signal(syscall.SIGCONT)
		l.awaitBack()
		s.awaitReady(http.StatusOK)
	}
	s.settle(l)
}

// answersLost drops what the server answers to its clients for a while, and cuts their connections then.
func answersLost(r *round) {
	s := r.sqlite()
	w, near := r.newWire(s.url)
	l := r.startLoad(near)
	for range 5 * r.strikes() {
		l.awaitAcks(10)
		r.pass(r.between(0, 20*time.Millisecond, 200*time.Millisecond))
		w.loseAnswers(r.between(0, 20*time.Millisecond, 100*time.Millisecond))
		r.tally.strikes++
		l.awaitBack()
	}
	s.settle(l)
}
