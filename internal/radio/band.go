package radio

import "rdiostress/internal/random"

// band is a range of channels used by base stations.
type band struct {
	first, step int64 // Hz
	channels    uint32
	share       uint32 // percentage of systems; a guess
}

// bands are those of land mobile radio in the United States: 769 to 775 MHz in channels of 12.5 kHz (47 CFR 90.531),
// 851 to 854 MHz in 12.5 kHz and 854 to 861 MHz in 25 kHz (90.613, 90.617), and public safety's UHF and VHF (90.20).
var bands = [...]band{
	{851_012_500, 12_500, 239, 30},
	{854_012_500, 25_000, 279, 25},
	{769_006_250, 12_500, 480, 30},
	{453_012_500, 12_500, 79, 8},
	{154_650_000, 7_500, 200, 7},
}

// siteChannels is the number of frequencies of a site: Butler County, Ohio had about 13 channels in 2010.
const siteChannels = 13

// Frequency returns the frequency, in Hz, of one of a site's channels, chosen by a random number. A system uses one
// band.
func Frequency(system, site int64, h uint64) int64 {
	of := random.Hash(uint64(system), 0xba4d)
	pick := random.Below(of, 100)
	b := &bands[0]
	for i := range bands {
		if b = &bands[i]; pick < b.share {
			break
		}
		pick -= b.share
	}
	// The channels of a site are spread evenly over the band, from a start that depends on the site.
	start := random.Below(random.Hash(of, uint64(site)), b.channels)
	channel := (start + random.Below(h, siteChannels)*(b.channels/siteChannels)) % b.channels
	return b.first + int64(channel)*b.step
}
