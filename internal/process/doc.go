// Package process has what differs between systems when a server's process is started, and when it is killed.
package process
