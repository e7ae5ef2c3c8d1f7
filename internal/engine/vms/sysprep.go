package vms

import (
	"cmp"
	"fmt"

	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/seed"
)

// join is the domain that a Windows guest is to join, and who may join it.
type join struct {
	domain, user string
	password     model.Secret
}

// joinOf is what the run asks for, else what is stored: the domain of the
// initialization before that of the VM. vm is as it runs.
func joinOf(vm *model.VM) join {
	if once := vm.Run.Overrides; once != nil && once.Domain != nil {
		return join{once.Domain.Name, once.Domain.User, once.Domain.Password}
	}
	if vm.Initialization != nil {
		return join{domain: cmp.Or(vm.Initialization.Domain, vm.Domain)}
	}
	return join{domain: vm.Domain}
}

// checkJoin: who joins a domain is named whole, or the domain is one that the
// engine has an account for (15.7.1, note). vm is as it will run.
func (r *room) checkJoin(verb string, vm *model.VM) error {
	if !windows(&vm.VMConfig) {
		return fault.New(fault.Invalid, verb+" VM",
			fmt.Sprintf("Sysprep initializes Windows, and the operating system of the VM is %q.", vm.OS.Type))
	}
	wanted := joinOf(vm)
	if (wanted.user == "") != (wanted.password == "") {
		return fault.New(fault.SysprepUser, verb)
	}
	if wanted.domain == "" || wanted.user != "" {
		return nil
	}
	if user, _ := r.joinAccount(wanted.domain); user != "" {
		return nil
	}
	return fault.New(fault.SysprepDomain, verb, wanted.domain)
}

// answerFloppy is the floppy with the answer file that sysprep reads.
func (r *room) answerFloppy(vm *model.VM) ([]byte, error) {
	reveal := r.revealing()
	wanted := r.answers(reveal, vm)
	if reveal.err != nil {
		return nil, reveal.err
	}
	file, err := wanted.File()
	if err != nil {
		return nil, invalidRun(err)
	}
	image, err := seed.Floppy("", []seed.File{file})
	if err != nil {
		return nil, invalidRun(err)
	}
	return image, nil
}

// answers are a VM's initialization in plain text, for Windows. A guest without a
// name of its own is called as its VM, where that can be the name of a computer.
func (r *room) answers(reveal *revealing, vm *model.VM) seed.Answers {
	wanted := seed.Answers{OSType: vm.OS.Type, TimeZone: vm.TimeZone}
	if seed.IsComputerName(vm.Name) {
		wanted.ComputerName = vm.Name
	}
	if from := vm.Initialization; from != nil {
		wanted.ComputerName = cmp.Or(from.HostName, wanted.ComputerName)
		wanted.TimeZone = cmp.Or(from.TimeZone, wanted.TimeZone)
		wanted.UserName, wanted.OrgName = from.UserName, from.OrgName
		wanted.AdminPassword = reveal.text(from.RootPassword)
		wanted.ProductKey = reveal.text(from.WindowsLicenseKey)
		wanted.ActiveDirectoryOU = from.ActiveDirectoryOU
		wanted.InputLocale, wanted.UILanguage = from.InputLocale, from.UILanguage
		wanted.SystemLocale, wanted.UserLocale = from.SystemLocale, from.UserLocale
		wanted.CustomAnswerFile = reveal.text(from.CustomScript)
	}
	joining := joinOf(vm)
	if joining.domain != "" && joining.user == "" {
		joining.user, joining.password = r.joinAccount(joining.domain)
	}
	wanted.Domain, wanted.DomainUser = joining.domain, joining.user
	wanted.DomainPassword = reveal.text(joining.password)
	return wanted
}

// joinAccount is who joins a domain that the engine knows; empty if nobody.
func (r *room) joinAccount(domain string) (user string, password model.Secret) {
	known, ok := r.Inventory.Domains.Get(model.DomainID(domain))
	if !ok {
		return "", ""
	}
	return known.JoinUser, known.JoinPassword
}
