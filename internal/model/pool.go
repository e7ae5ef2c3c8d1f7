package model

// VMPool is a set of VMs that are alike, made of one template, of which users are
// given one each (api-v3 6.2, api-v4 3.7). Its size is the number of VMs that name it.
type VMPool struct {
	ID ID `json:"id"`
	// Name names the VMs too: see the room of pools.
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	Cluster     ID     `json:"cluster"`
	Template    ID     `json:"template"`
	// Type says who takes a VM back that was given to a user.
	Type VMPoolType `json:"type"`
	// Stateful pools keep what guests write; in all others a run writes to overlays.
	Stateful bool `json:"stateful,omitempty"`
	// MaxUserVMs is how many VMs of the pool one user may have at once, Prestarted how
	// many run for those who come, beside the ones that users have.
	MaxUserVMs int `json:"max_user_vms"`
	Prestarted int `json:"prestarted,omitempty"`
	// UseLatestTemplateVersion makes VMs of the newest version of the template, and
	// those that are free anew when there is a newer one.
	UseLatestTemplateVersion bool `json:"use_latest_template_version,omitempty"`
	// SoundcardEnabled is what VMs are made with; nil leaves it to the template.
	SoundcardEnabled *bool `json:"soundcard_enabled,omitempty"`
}

// Ref names the pool.
func (p *VMPool) Ref() Ref { return Ref{KindVMPool, p.ID} }

// ObjectName is its name.
func (p *VMPool) ObjectName() string { return p.Name }

// VMPoolType is type of a pool.
type VMPoolType string

// The types of a pool: a VM is taken back when it goes down, or by an administrator
// who takes the user's permission away.
const (
	VMPoolAutomatic VMPoolType = "automatic"
	VMPoolManual    VMPoolType = "manual"
)
