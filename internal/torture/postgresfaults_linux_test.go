package torture

import (
	"net/http"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/testenv/pgtest"
)

// postgresFaults strike the database, or what lies between it and the server.
func postgresFaults() []*fault {
	return []*fault{
		{"pg_terminate_backend on all of its connections", ofServe, backendsTerminated},
		{"PostgreSQL stopped and started", ofServe, func(r *round) { postgresEnds(r, "stop") }},
		{"PostgreSQL: kill -9 of its first process", ofServe, func(r *round) { postgresEnds(r, "crash") }},
		{"PostgreSQL: default_transaction_read_only", ofServe, madeReadOnly},
		{"PostgreSQL demoted to a standby", ofServe, demoted},
		{"PostgreSQL cut off without a word", ofServe, func(r *round) { cutOff(r, goDead) }},
		{"connections to PostgreSQL reset", ofServe, func(r *round) { cutOff(r, resetAll) }},
		{"answers of PostgreSQL lost", ofServe, func(r *round) { cutOff(r, loseAnswers) }},
		{"two servers on one PostgreSQL, one killed", ofServe, func(r *round) { oneOfTwo(r, killAndStart) }},
		{"two servers on one PostgreSQL, one stopped", ofServe, func(r *round) { oneOfTwo(r, stopAndContinue) }},
	}
}

// onPostgres starts a server that keeps calls in PostgreSQL.
func (r *round) onPostgres(args ...string) *server {
	r.Helper()
	return r.inDatabaseOf(r.cluster(), args...)
}

// inDatabaseOf starts a server that keeps calls in a database of a cluster.
func (r *round) inDatabaseOf(c *pgtest.Cluster, args ...string) *server {
	r.Helper()
	database := c.Server().Database(r)
	return r.toPostgres(database, database, args...)
}

// toPostgres starts a server that reaches its database by a URL of its own.
func (r *round) toPostgres(database, by string, args ...string) *server {
	r.Helper()
	args = append(args, "--database-url", by, "--min-free-disk", "1", "--breaker-delay", "1s")
	return r.newServer(filepath.Join(r.TempDir(), "data"), database, args...)
}

// administer runs statements in a database as its administrator, also where others cannot write.
func (r *round) administer(database string, statements ...string) {
	r.Helper()
	c, err := pgx.ParseConfig(database)
	if err != nil {
		r.Fatal(err)
	}
	c.RuntimeParams["default_transaction_read_only"] = "off"
	conn, err := pgx.ConnectConfig(r.Context(), c)
	if err != nil {
		r.Fatal(err)
	}
	defer conn.Close(r.Context())
	for _, statement := range statements {
		if _, err := conn.Exec(r.Context(), statement); err != nil {
			r.Fatalf("%s: %v", statement, err)
		}
	}
}

// backendsTerminated ends the server's connections under load, as an administrator may.
func backendsTerminated(r *round) {
	s := r.onPostgres()
	l := r.startLoad(s.url)
	for range 3 * r.strikes() {
		l.awaitAcks(20)
		r.pass(r.between(0, 50*time.Millisecond, 200*time.Millisecond))
		r.administer(s.database, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name = 'rdiostress' AND datname = current_database()`)
		r.tally.strikes++
		l.awaitBack()
	}
	s.settle(l)
}

// postgresEnds ends the whole database for a while.
func postgresEnds(r *round, how string) {
	cluster := r.ownCluster()
	s := r.inDatabaseOf(cluster)
	l := r.startLoad(s.url)
	for range r.strikes() {
		l.awaitAcks(30)
		r.pass(r.between(0, 100*time.Millisecond, time.Second))
		if how == "crash" {
			cluster.Crash(r)
		} else {
			cluster.Stop(r)
		}
		r.tally.strikes++
		r.pass(r.between(0, 500*time.Millisecond, 5*time.Second))
		cluster.Start(r)
		l.awaitBack()
	}
	s.settle(l)
}

// madeReadOnly has the database refuse writes, as operators do before they move it.
func madeReadOnly(r *round) {
	s := r.inDatabaseOf(r.ownCluster())
	l := r.startLoad(s.url)
	set := func(statement string) { r.administer(s.database, statement, "SELECT pg_reload_conf()") }
	defer set("ALTER SYSTEM RESET default_transaction_read_only")
	for range r.strikes() {
		l.awaitAcks(30)
		set("ALTER SYSTEM SET default_transaction_read_only = on")
		r.tally.strikes++
		l.awaitRefusals(20, backLimit)
		s.awaitReady(http.StatusServiceUnavailable)
		r.pass(r.between(0, 200*time.Millisecond, 3*time.Second))
		set("ALTER SYSTEM RESET default_transaction_read_only")
		l.awaitBack()
	}
	s.settle(l)
}

// demoted makes the database a standby, as after a failover to another one, and the primary again.
func demoted(r *round) {
	cluster := r.ownCluster()
	s := r.inDatabaseOf(cluster)
	l := r.startLoad(s.url)
	l.awaitAcks(30)
	cluster.Demote(r)
	r.tally.strikes++
	l.awaitRefusals(20, backLimit)
	s.awaitReady(http.StatusServiceUnavailable)
	r.pass(r.between(0, 200*time.Millisecond, 3*time.Second))
	cluster.Promote(r)
	l.awaitBack()
	s.settle(l)
}

// cutOff cuts the server off from its database in some way.
func cutOff(r *round, cut func(r *round, w *wire)) {
	database := r.cluster().Server().Database(r)
	w, near := r.newWire(database)
	s := r.toPostgres(database, near, "--pool-acquire-timeout", "5s")
	l := r.startLoad(s.url)
	for range 2 * r.strikes() {
		l.awaitAcks(30)
		r.pass(r.between(0, 50*time.Millisecond, 500*time.Millisecond))
		r.tally.strikes++
		cut(r, w)
		l.awaitBack()
	}
	s.settle(l)
}

func goDead(r *round, w *wire) {
	w.isDead.Store(true)
	r.pass(r.between(100*time.Millisecond, time.Second, 20*time.Second))
	w.isDead.Store(false)
}

// loseAnswers has the database commit what the server never learns of.
func loseAnswers(r *round, w *wire) {
	w.loseAnswers(r.between(0, 30*time.Millisecond, 200*time.Millisecond))
}

func killAndStart(_ *round, s *server) {
	s.kill()
	s.start()
}

func stopAndContinue(r *round, s *server) {
	s.signal(syscall.SIGSTOP)
	r.pass(r.between(50*time.Millisecond, 500*time.Millisecond, 13*time.Second))
	s.signal(syscall.SIGCONT)
}

// oneOfTwo strikes one of two servers on one database, whose ids lie in blocks of their own. Calls that it does not
// answer are sent to the other one.
func oneOfTwo(r *round, strike func(r *round, s *server)) {
	database := r.cluster().Server().Database(r)
	first, second := r.toPostgres(database, database), r.toPostgres(database, database)
	l := r.startLoad(first.url, second.url)
	other := r.startLoadIn(12, second.url)
	for range r.strikes() {
		l.awaitAcks(30)
		other.awaitAcks(30)
		r.pass(r.between(0, 50*time.Millisecond, 500*time.Millisecond))
		strike(r, first)
		r.tally.strikes++
		l.awaitBack()
	}
	l.stop()
	other.stop()
	for _, s := range []*server{first, second} {
		s.kill()
		s.start()
	}
	first.beside = second
	first.compare(l, other)
}

func resetAll(_ *round, w *wire) { w.reset() }
