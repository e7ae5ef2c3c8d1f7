package seed

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// cloudConfig is the first line of user data that cloud-init reads as a map.
const cloudConfig = "#cloud-config\n"

// laterBoots leaves the guest with the sources of this kind only, so that a boot
// without the disk does not search the network for others (reference v3, 3.3).
const laterBoots = `sed -i '/^datasource_list: /d' /etc/cloud/cloud.cfg; ` +
	`echo 'datasource_list: ["NoCloud", "ConfigDrive"]' >> /etc/cloud/cloud.cfg`

// userData is the cloud-config. What was asked for wins over the custom script,
// and the script over what is merely usual.
func (c CloudInit) userData() ([]byte, error) {
	config, err := c.withScript()
	if err != nil {
		return nil, err
	}
	c.keepPassword(config)
	merge(config, c.usual(), "")
	text, err := yaml.Dump(config, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("write user data: %w", err)
	}
	return append([]byte(cloudConfig), text...), nil
}

// withScript is what was asked for, joined with the custom script.
func (c CloudInit) withScript() (*yaml.Node, error) {
	script, err := parseScript(c.CustomScript)
	if err != nil {
		return nil, err
	}
	config := c.asked()
	if conflicts := merge(config, script, ""); len(conflicts) > 0 {
		return nil, fmt.Errorf("the custom_script: the value of %s has another form than cloud-init wants there", conflicts[0])
	}
	return config, nil
}

// asked is what follows from the elements that were given.
func (c CloudInit) asked() *yaml.Node {
	config := newMap()
	if c.TimeZone != "" {
		put(config, "timezone", newText(c.TimeZone))
	}
	if c.namesMainUser() {
		put(config, "user", newText(c.mainUser()))
	}
	if c.Password != "" {
		put(config, "password", newText(c.Password))
	}
	if users := c.users(); len(users.Content) > 0 {
		put(config, "users", users)
	}
	if c.RegenerateSSHKeys {
		put(config, "ssh_deletekeys", newText("True"))
	}
	c.putResolver(config)
	if len(c.Files) > 0 {
		put(config, "write_files", c.writeFiles())
	}
	put(config, "runcmd", add(newList(), newText(laterBoots)))
	return config
}

// usual is what cloud-init is told unless the custom script says otherwise.
func (c CloudInit) usual() *yaml.Node {
	config := newMap()
	if c.hasPassword() {
		put(config, "chpasswd", put(newMap(), "expire", newBool(false)))
		put(config, "ssh_pwauth", newBool(true))
	}
	put(config, "disable_root", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "0"})
	// Every start is a new instance to cloud-init, and it makes new host keys for a new instance.
	put(config, "ssh_deletekeys", newBool(false))
	put(config, "output", put(newMap(), "all", newText(">> /var/log/cloud-init-output.log")))
	return config
}

func (c CloudInit) writeFiles() *yaml.Node {
	list := newList()
	for _, file := range c.Files {
		add(list, writeFile(file.Path, file.Content))
	}
	return list
}

// writeFile is an entry of write_files.
func writeFile(path string, content []byte) *yaml.Node {
	entry := put(newMap(), "path", newText(path))
	if isText(content) {
		return put(entry, "content", newText(string(content)))
	}
	put(entry, "encoding", newText("b64"))
	return put(entry, "content", newText(base64.StdEncoding.EncodeToString(content)))
}

// isText says whether YAML can show the content as it is.
func isText(content []byte) bool {
	other := func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
	return utf8.Valid(content) && !strings.ContainsFunc(string(content), other)
}

// isPlainText says whether a script can be shown and given back: XML has no other
// control characters.
func isPlainText(script string) bool {
	other := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) }
	return utf8.ValidString(script) && !strings.ContainsFunc(script, other)
}

// keepPassword enters the main user's password where the custom script sets
// passwords in `chpasswd`: cloud-init does not look at `password` then.
func (c CloudInit) keepPassword(config *yaml.Node) {
	if c.Password == "" {
		return
	}
	change := get(config, "chpasswd")
	line := c.mainUser() + ":" + c.Password
	if users := get(change, "users"); users != nil && users.Kind == yaml.SequenceNode {
		entry := put(newMap(), "name", newText(c.mainUser()))
		put(entry, "password", newText(c.Password))
		add(users, put(entry, "type", newText("text")))
		return
	}
	switch list := get(change, "list"); {
	case list == nil || isNull(list):
	case list.Kind == yaml.SequenceNode:
		add(list, newText(line))
	case list.Kind == yaml.ScalarNode && list.Value != "":
		*list = *newText(strings.TrimSuffix(list.Value, "\n") + "\n" + line + "\n")
	}
}
