package agents

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vireo/internal/fence"
)

// word is a name of an agent's type or of one of its options.
var word = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// refused are options that the engine gives itself, or that would have the agent
// speak where nobody reads it. Options that name programs, scripts and files on the
// engine's machine are refused by their endings.
var refused = []string{
	"action", "option", "ip", "ipaddr", "ipport", "username", "login", "password", "passwd",
	"debug", "verbose", "verbose_level", "quiet", "version", "help",
}

var refusedEndings = []string{"_path", "_file", "_script"}

// Check implements [fence.Fences].
func (p *Programs) Check(agent fence.Agent) error {
	if !word.MatchString(agent.Type) {
		return fmt.Errorf("%w: %q is no type of fence agent", fence.ErrAgent, agent.Type)
	}
	if _, err := os.Stat(filepath.Join(p.folder, namePrefix+agent.Type)); err != nil {
		return fmt.Errorf("%w: there is no program %s%s here; the package fence-agents brings it", fence.ErrAgent, namePrefix, agent.Type)
	}
	for _, value := range []string{agent.Address, agent.Username, agent.Password} {
		if !printable(value) {
			return fmt.Errorf("%w: address, user name and password must be single lines", fence.ErrAgent)
		}
	}
	for name, value := range agent.Options {
		if !word.MatchString(name) || slices.Contains(refused, name) ||
			slices.ContainsFunc(refusedEndings, func(ending string) bool { return strings.HasSuffix(name, ending) }) {
			return fmt.Errorf("%w: the option %q cannot be given", fence.ErrAgent, name)
		}
		if !printable(value) {
			return fmt.Errorf("%w: the value of option %s must be a single line", fence.ErrAgent, name)
		}
	}
	return nil
}

// printable says whether a text is one line of an agent's input, whole.
func printable(text string) bool {
	return len(text) <= 1024 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// input is what an agent reads: a line for each of what it must know.
func input(agent fence.Agent, action string) string {
	var lines strings.Builder
	line := func(name, value string) {
		if value != "" {
			lines.WriteString(name + "=" + value + "\n")
		}
	}
	line("action", action)
	line("ip", agent.Address)
	line("username", agent.Username)
	line("password", agent.Password)
	if agent.Port != 0 {
		line("ipport", strconv.Itoa(agent.Port))
	}
	options := maps.Clone(agent.Options)
	if agent.Encrypt {
		if options == nil {
			options = make(map[string]string)
		}
		name := encryption[agent.Type]
		if name == "" {
			name = "ssl"
		}
		if _, given := options[name]; !given {
			options[name] = "1"
		}
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		line(name, options[name])
	}
	return lines.String()
}

// encryption is the option by which a type of agent encrypts, where that is not "ssl".
var encryption = map[string]string{
	"ipmilan": "lanplus", "ilo3": "lanplus", "ilo4": "lanplus", "ilo5": "lanplus", "idrac": "lanplus", "imm": "lanplus",
	"apc": "ssh", "bladecenter": "ssh", "drac5": "ssh", "rsa": "ssh", "virsh": "ssh",
}
