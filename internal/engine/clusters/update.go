package clusters

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// update changes name, texts, CPU type, overcommit, scheduling policy and
// how VMs migrate. VMs that run stay where they are.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Cluster])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	old, _ := tx.Clusters.Get(call.Target)
	wanted := *old
	if err := edit(&wanted); err != nil {
		return nil, err
	}
	switch {
	case wanted.ID != old.ID || wanted.DataCenter != old.DataCenter:
		return nil, fault.New(fault.IllegalField, call.Verb, "The data center of a cluster cannot be changed.")
	case wanted == *old:
		return old, nil
	}
	if err := check(tx, call.Verb, &wanted); err != nil {
		return nil, err
	}
	tx.Clusters.Put(&wanted)
	if wanted.CPUType != old.CPUType {
		r.reviewHosts(tx, wanted.ID)
	}
	about := engine.AboutCaller(call)
	about.Detail = wanted.Name
	tx.Event(audit.New(audit.ClusterUpdated, about))
	return &wanted, nil
}

// reviewHosts says anew which hosts can serve a cluster that asks for another CPU. Of those
// that are not connected it is said when they answer.
func (r *room) reviewHosts(tx *inventory.Tx, cluster model.ID) {
	for _, each := range tx.Hosts.All() {
		if each.Cluster != cluster || each.Status != model.HostUp && each.Status != model.HostNonOperational {
			continue
		}
		if _, err := r.Machines.Connected(each.ID); err != nil {
			continue
		}
		if on, ok := tx.Hosts.Edit(each.ID); ok {
			engine.ReviewHost(tx, on)
		}
	}
}

var names = regexp.MustCompile(`^[\p{L}0-9._-]{1,40}$`)

const (
	maxText = 4000
	// mostOvercommit is in percent.
	mostOvercommit = 1000
	// longest is more than anybody waits for.
	longest = 24 * time.Hour
)

// check refuses a cluster that cannot be.
func check(tx *inventory.Tx, verb string, cluster *model.Cluster) error {
	if !names.MatchString(cluster.Name) {
		return fault.New(fault.NameIllegal, verb,
			"The name of a cluster must have 1 to 40 characters: letters, digits, '.', '_' and '-' only.")
	}
	for _, other := range tx.Clusters.Named(cluster.Name) {
		if other.ID != cluster.ID {
			return fault.New(fault.NameInUse, verb, "cluster", cluster.Name)
		}
	}
	for _, text := range []string{cluster.Description, cluster.Comment} {
		if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return fault.New(fault.Invalid, verb, fmt.Sprintf("Description and comment may have at most %d bytes, and no control characters.", maxText))
		}
	}
	old, exists := tx.Clusters.Get(cluster.ID)
	_, known := model.CPUTypeNamed(cluster.CPUType)
	if (!exists || cluster.CPUType != old.CPUType) && cluster.CPUType != "" && !known {
		return fault.New(fault.Invalid, verb, fmt.Sprintf("%.80q is no CPU type of a cluster.", cluster.CPUType))
	}
	if cluster.OvercommitPercent < 100 || cluster.OvercommitPercent > mostOvercommit {
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The overcommit of memory must be from 100 to %d percent.", mostOvercommit))
	}
	if !cluster.Migration.Bandwidth.Possible() {
		return fault.New(fault.Invalid, verb, "The bandwidth of migrations must be from 1 to 1000000 Mbit/s.")
	}
	return checkPolicy(verb, cluster.Scheduling)
}

func checkPolicy(verb string, policy model.SchedulingPolicy) error {
	switch {
	case !slices.Contains(model.SchedulingPolicies, policy.Name()):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("%.80q is no scheduling policy.", policy.Policy))
	case policy.Low < 0 || policy.Low > 100 || policy.High < 0 || policy.High > 100:
		return fault.New(fault.Invalid, verb, "The thresholds of a scheduling policy are percentages, from 0 to 100.")
	case policy.High > 0 && policy.Low > policy.High:
		return fault.New(fault.Invalid, verb, "The lower threshold of a scheduling policy is above the upper one.")
	case policy.Duration < 0 || policy.Duration > longest:
		return fault.New(fault.Invalid, verb, "The duration of a threshold must be from 0 to 86400 seconds.")
	}
	return nil
}
