package wire

import (
	"time"

	"pgregory.net/rapid"
)

// The shapes of the tests resemble those of the API and use every kind of field.

type resource struct {
	Href    *string  `wire:"href,attr"`
	ID      *string  `wire:"id,attr"`
	Actions *actions `wire:"actions"`
	Name    *string  `wire:"name"`
	Comment *string  `wire:"comment"`
	Links   []link   `wire:"link"`
}

type actions struct {
	Links []*link `wire:"link"`
}

type link struct {
	Href string `wire:"href,attr"`
	Rel  string `wire:"rel,attr"`
}

type machine struct {
	resource
	Status       *status     `wire:"status"`
	Memory       *int64      `wire:"memory"`
	CPU          *cpu        `wire:"cpu"`
	OS           *osShape    `wire:"os"`
	CreationTime *time.Time  `wire:"creation_time"`
	Stateless    *bool       `wire:"stateless"`
	Protected    bool        `wire:"delete_protected"`
	HighlyUp     *ha         `wire:"high_availability"`
	Display      *display    `wire:"display"`
	Manager      *manager    `wire:"storage_manager"`
	Version      version     `wire:"version"`
	Load         float64     `wire:"load"`
	Started      time.Time   `wire:"start_time"`
	Words        []string    `wire:"word"`
	Figures      []float64   `wire:"figure"`
	Flags        []*bool     `wire:"flag"`
	Serial       uint64      `wire:"serial"`
	Parent       *machine    `wire:"parent"`
	Snapshots    []machine   `wire:"snapshot"`
	Cache        map[int]int `wire:"-"`
	_            int         // no part of the shape, as all that is not exported
}

type status struct {
	State  string `wire:"state"`
	Detail string `wire:"detail"`
}

type cpu struct {
	Topology *topology `wire:"topology"`
	Shares   int       `wire:"shares,keep"`
}

type topology struct {
	Sockets int32  `wire:"sockets,attr"`
	Cores   uint16 `wire:"cores,attr"`
	Threads *int   `wire:"threads,attr"`
}

type osShape struct {
	Type string `wire:"type,attr,keep"`
	Boot []boot `wire:"boot"`
}

type boot struct {
	Dev string `wire:"dev,attr"`
}

type ha struct {
	Enabled  bool   `wire:"enabled,keep"`
	Priority int    `wire:"priority"`
	Expiry   uint32 `wire:"expiry"`
}

type display struct {
	Address *string `wire:"address"`
}

type manager struct {
	Priority *int  `wire:"priority,attr"`
	Is       *bool `wire:",value"`
}

type version struct {
	Major int    `wire:"major,attr"`
	Full  string `wire:",value"`
}

type machines struct {
	Size *uint32    `wire:"size"`
	VM   []*machine `wire:"vm"`
}

// optional draws a pointer that is nil half of the time.
func optional[T any](g *rapid.Generator[T]) *rapid.Generator[*T] {
	return rapid.Custom(func(t *rapid.T) *T {
		if rapid.Bool().Draw(t, "absent") {
			return nil
		}
		return new(g.Draw(t, "value"))
	})
}

var dates = rapid.Custom(func(t *rapid.T) time.Time {
	return time.UnixMilli(rapid.Int64Range(firstDate, lastDate).Draw(t, "millis")).UTC()
})

var links = rapid.Custom(func(t *rapid.T) link {
	return link{Href: rapid.String().Draw(t, "href"), Rel: rapid.String().Draw(t, "rel")}
})

func machineOf(depth int) *rapid.Generator[machine] {
	return rapid.Custom(func(t *rapid.T) machine {
		m := machine{
			resource: resource{
				Href:    optional(rapid.String()).Draw(t, "href"),
				ID:      optional(rapid.String()).Draw(t, "id"),
				Name:    optional(rapid.String()).Draw(t, "name"),
				Comment: optional(rapid.StringOf(rapid.SampledFrom([]rune("<>&\"'\r\n\t\x00\ufffe\U0001F600 ]")))).Draw(t, "comment"),
				Links:   rapid.SliceOfN(links, 0, 3).Draw(t, "links"),
			},
			Memory:       optional(rapid.Int64()).Draw(t, "memory"),
			CreationTime: optional(dates).Draw(t, "created"),
			Stateless:    optional(rapid.Bool()).Draw(t, "stateless"),
			Protected:    rapid.Bool().Draw(t, "protected"),
			Version:      version{Major: int(rapid.Int32().Draw(t, "major")), Full: rapid.String().Draw(t, "full")},
			Load:         rapid.Float64().Draw(t, "load"),
			Started:      dates.Draw(t, "started"),
			Words:        rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "words"),
			Figures:      rapid.SliceOfN(rapid.Float64(), 0, 3).Draw(t, "figures"),
			Flags:        rapid.SliceOfN(optional(rapid.Bool()), 0, 3).Draw(t, "flags"),
			Serial:       rapid.Uint64().Draw(t, "serial"),
		}
		if rapid.Bool().Draw(t, "filled") {
			m.Actions = &actions{Links: []*link{nil, new(links.Draw(t, "action"))}}
			m.Status = &status{State: rapid.String().Draw(t, "state")}
			m.CPU = &cpu{
				Topology: &topology{
					Sockets: rapid.Int32().Draw(t, "sockets"),
					Cores:   rapid.Uint16().Draw(t, "cores"),
					Threads: optional(rapid.Map(rapid.Int32(), func(i int32) int { return int(i) })).Draw(t, "threads"),
				},
				Shares: int(rapid.Int32().Draw(t, "shares")),
			}
			m.OS = &osShape{Boot: []boot{{Dev: "hd"}, {}}}
			m.HighlyUp = &ha{Enabled: rapid.Bool().Draw(t, "enabled"), Expiry: rapid.Uint32().Draw(t, "expiry")}
			m.Display = &display{Address: optional(rapid.String()).Draw(t, "address")}
			m.Manager = &manager{Priority: new(5), Is: optional(rapid.Bool()).Draw(t, "manager")}
		}
		if depth > 0 {
			m.Parent = optional(machineOf(depth-1)).Draw(t, "parent")
			m.Snapshots = rapid.SliceOfN(machineOf(depth-1), 0, 2).Draw(t, "snapshots")
		}
		return m
	})
}
