package guestagent

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// message is whatever an agent says. Of what is not known nothing is kept.
type message struct {
	Name         string     `json:"__name__"`
	Version      *number    `json:"apiVersion"`
	Memory       *memory    `json:"memory-stat"`
	HostName     string     `json:"name"` // host-name, active-user
	FQDN         string     `json:"fqdn"`
	OSVersion    string     `json:"version"`
	Distribution string     `json:"distribution"`
	Codename     string     `json:"codename"`
	Architecture string     `json:"arch"`
	Family       string     `json:"type"`
	Kernel       string     `json:"kernel"`
	Zone         string     `json:"zone"`
	Offset       number     `json:"offset"`
	Interfaces   interfaces `json:"interfaces"`
	Applications texts      `json:"applications"`
}

// memory are figures in KiB.
type memory struct {
	Total    number `json:"mem_total"`
	Unused   number `json:"mem_unused"`
	Cached   number `json:"mem_cached"`
	Buffered number `json:"mem_buffers"`
}

type iface struct {
	Name string `json:"name"`
	MAC  string `json:"hw"`
	V4   texts  `json:"inet"`
	V6   texts  `json:"inet6"`
}

// The longest lists that are kept, the longest text in characters, and what the names of all
// applications may take, in bytes.
const (
	mostText         = 128 << 10
	mostApplications = 4096
	mostInterfaces   = 64
	mostAddresses    = 64
	longestText      = 255
)

var errNoName = errors.New("the message has no name")

// decode reads one line.
func decode(line []byte) (message, error) {
	var out message
	if err := json.Unmarshal(line, &out); err != nil {
		return message{}, err
	}
	if out.Name == "" {
		return message{}, errNoName
	}
	return out, nil
}

// number is a number, or a text that is one, as agents write them; what is neither is 0.
type number int64

// UnmarshalJSON reads it.
func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(data[:min(len(data), 64)]), `" `), 64)
	if err != nil || value != value || value > 1<<53 || value < -(1<<53) {
		value = 0
	}
	*n = number(value)
	return nil
}

// texts is the begin of a list of texts.
type texts []string

// UnmarshalJSON reads it.
func (t *texts) UnmarshalJSON(data []byte) (err error) {
	*t, err = firstOf[string](data, mostApplications)
	return err
}

// interfaces is the begin of a list of network interfaces.
type interfaces []iface

// UnmarshalJSON reads it.
func (i *interfaces) UnmarshalJSON(data []byte) (err error) {
	*i, err = firstOf[iface](data, mostInterfaces)
	return err
}

// firstOf reads no more of a list than its first elements: a line can hold hundreds of
// thousands. No list is an empty one.
func firstOf[T any](data []byte, most int) ([]T, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('[') {
		return nil, err
	}
	out := []T{}
	for decoder.More() && len(out) < most {
		var next T
		if err := decoder.Decode(&next); err != nil {
			return nil, err
		}
		out = append(out, next)
	}
	return out, nil
}

// clean makes a text fit to be shown: of a bounded length, without characters that XML
// cannot carry.
func clean(text string) string {
	var out strings.Builder
	count := 0
	for _, char := range text {
		if count++; count > longestText {
			break
		}
		if char < ' ' && char != '\t' || char >= 0xFFFE && char <= 0xFFFF || char >= 0x7F && char < 0xA0 {
			char = '\uFFFD'
		}
		out.WriteRune(char)
	}
	return strings.TrimSpace(out.String())
}
