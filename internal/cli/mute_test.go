package cli

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

// mute accepts connections and never says a word, as a database does that hangs. It makes a file at the first one.
func mute() {
	mark := flag.String("mark", "", "`file` to make when there is a connection")
	flag.Parse()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listening + l.Addr().String())
	var held []net.Conn
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			held = append(held, c)
			if err := os.WriteFile(*mark, nil, 0o600); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	<-stop
}
