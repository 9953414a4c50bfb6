// Package deliverytest has what the tests of delivery and of its places share: a run whose calls are known, a server
// that stores calls in every wrong way, and a delivery's counts in a line.
package deliverytest
