package rdio

// Client is one of the programs that upload calls; its zero value is SDRTrunk.
type Client uint8

// The clients.
const (
	SDRTrunk Client = iota // 0.6.2
	clientCount
)

// NumClients is how many clients there are: they are numbered from 0 to below it.
const NumClients = int(clientCount)

// String is the client's name, as it is written in --client.
func (c Client) String() string { return [NumClients]string{"sdrtrunk"}[c] }
