package ovf

import (
	"encoding/json"
	"strconv"
	"strings"

	"vireo/internal/model"
)

// initialization is VmInit, whose attributes hold everything. Passwords, the product key
// and the custom script have attributes too, which stay away, as do the users and
// files of which only the secret part matters and the keys of other users than root,
// for which there is no word.
func initialization(i *model.Initialization) []*element {
	if i == nil {
		return nil
	}
	out := node("VmInit")
	for _, each := range initWords {
		if value := *each.field(i); value != "" {
			out.with("ovf:"+each.name, value)
		}
	}
	var keys []string
	for _, key := range i.AuthorizedKeys {
		if key.User == "" {
			keys = append(keys, key.Key)
		}
	}
	return []*element{out.with(
		"ovf:authorizedKeys", strings.Join(keys, "\n"),
		"ovf:regenerateKeys", strconv.FormatBool(i.RegenerateSSHKeys),
		"ovf:dnsSearch", strings.Join(i.DNSSearch, " "),
		"ovf:dnsServers", strings.Join(i.DNSServers, " "),
		"ovf:networks", showGuestNetworks(i.NICs))}
}

// initWords are the attributes that hold one text.
var initWords = []struct {
	name  string
	field func(*model.Initialization) *string
}{
	{"hostname", func(i *model.Initialization) *string { return &i.HostName }},
	{"domain", func(i *model.Initialization) *string { return &i.Domain }},
	{"timeZone", func(i *model.Initialization) *string { return &i.TimeZone }},
	{"inputLocale", func(i *model.Initialization) *string { return &i.InputLocale }},
	{"uiLanguage", func(i *model.Initialization) *string { return &i.UILanguage }},
	{"systemLocale", func(i *model.Initialization) *string { return &i.SystemLocale }},
	{"userLocale", func(i *model.Initialization) *string { return &i.UserLocale }},
	{"userName", func(i *model.Initialization) *string { return &i.UserName }},
	{"activeDirectoryOU", func(i *model.Initialization) *string { return &i.ActiveDirectoryOU }},
	{"orgName", func(i *model.Initialization) *string { return &i.OrgName }},
}

// guestNetwork is one of the JSON list in networks.
type guestNetwork struct {
	Name         string `json:"name"`
	BootProtocol string `json:"bootProtocol,omitempty"`
	StartOnBoot  bool   `json:"startOnBoot"`
	Address      string `json:"ip,omitempty"`
	Netmask      string `json:"netmask,omitempty"`
	Gateway      string `json:"gateway,omitempty"`
}

func showGuestNetworks(nics []model.NICConfiguration) string {
	list := []guestNetwork{}
	for _, nic := range nics {
		protocol, _ := bootProtocols.written(nic.BootProtocol)
		list = append(list, guestNetwork{nic.Name, protocol, nic.OnBoot, nic.Address, nic.Netmask, nic.Gateway})
	}
	out, err := json.Marshal(list)
	if err != nil {
		return "[]" // texts and a flag can always be written
	}
	return string(out)
}

// What the initialization of a guest may have at most.
const (
	longestInit     = 64 << 10
	mostGuestThings = 256 // keys, servers, interfaces
)

func readInitialization(e *element) (*model.Initialization, error) {
	if e == nil {
		return nil, nil
	}
	out := &model.Initialization{}
	for _, each := range e.attributes {
		if len(each.value) > longestInit {
			return nil, invalid("%.32s of VmInit is longer than %d bytes", each.name, longestInit)
		}
	}
	for _, each := range initWords {
		*each.field(out) = e.attribute(each.name)
	}
	for line := range strings.Lines(e.attribute("authorizedKeys")) {
		if key := strings.TrimSpace(line); key != "" {
			out.AuthorizedKeys = append(out.AuthorizedKeys, model.AuthorizedKey{Key: key})
		}
	}
	out.DNSSearch = nothing(strings.Fields(e.attribute("dnsSearch")))
	out.DNSServers = nothing(strings.Fields(e.attribute("dnsServers")))
	out.NICs = readGuestNetworks(e.attribute("networks"))
	if max(len(out.AuthorizedKeys), len(out.DNSSearch), len(out.DNSServers), len(out.NICs)) > mostGuestThings {
		return nil, invalid("VmInit has more than %d of something", mostGuestThings)
	}
	return out, readFlag(&out.RegenerateSSHKeys, "regenerateKeys", e.attribute("regenerateKeys"))
}

// readGuestNetworks passes over what is not a list of that form: versions have written
// several.
func readGuestNetworks(text string) []model.NICConfiguration {
	var list []guestNetwork
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	var out []model.NICConfiguration
	for _, each := range list {
		protocol, _ := bootProtocols.read(each.BootProtocol)
		out = append(out, model.NICConfiguration{
			Name: each.Name, BootProtocol: protocol, OnBoot: each.StartOnBoot,
			Address: each.Address, Netmask: each.Netmask, Gateway: each.Gateway,
		})
	}
	return out
}

// nothing is nil for a list of nothing.
func nothing[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
