package cli

import (
	"strings"
	"testing"

	"rdiostress/internal/testenv/pgtest"
)

// A PostgreSQL that takes no writes is found at the start, whether it is the server's or the user's doing, and the hint
// says which.
func TestServeCannotWriteToPostgreSQL(t *testing.T) {
	c := pgtest.Start(t)
	database := c.Server().Database(t)
	dir := t.TempDir()
	refuses := func(url, hint string) {
		t.Helper()
		ios, _, errs := testStreams()
		code := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--database-url", url},
			ios)
		if code != exitNoRun || !strings.HasPrefix(errs.String(), "rdiostress: error: cannot use the database: ") ||
			!strings.Contains(errs.String(), "\nrdiostress: hint: "+hint) || strings.Count(errs.String(), "\n") != 2 {
			t.Errorf("exit code %d, said %swant the hint %s", code, errs, hint)
		}
	}
	user, exec := c.Server().User(t, database)
	r := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", dir, "--database-url", user)
	r.stop()
	if code := <-r.code; code != exitOK {
		t.Fatalf("exit code %d: %s", code, r.errs)
	}
	exec("ALTER TABLE calls OWNER TO CURRENT_USER")
	exec("GRANT SELECT ON calls TO PUBLIC")
	refuses(user, "let the user of --database-url own the database, or grant it all on its schema, tables and "+
		"sequences")
	exec("GRANT ALL ON calls TO PUBLIC")
	name := database[strings.LastIndex(database, "/")+1:]
	exec("ALTER DATABASE " + name + " SET default_transaction_read_only = on")
	refuses(user, "pass the --database-url of the primary, or promote this one")
	exec("BEGIN READ WRITE; ALTER DATABASE " + name + " RESET default_transaction_read_only; COMMIT")
	c.Demote(t)
	refuses(user, "pass the --database-url of the primary, or promote this one")
	c.Promote(t)
}
