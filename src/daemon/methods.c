/* SPDX-License-Identifier: MIT */
#include "daemon/methods.h"

#include <string.h>

#include "wire/interface.h"

static enum call_next answer_info(struct call *call)
{
	struct value *parameters = value_object(), *interfaces = value_array();

	value_set_word(parameters, "vendor", "ipsd");
	value_set_word(parameters, "product", "ipsd");
	value_set_word(parameters, "version", IPSD_VERSION);
	value_set_word(parameters, "url", "");
	value_add_text(interfaces, STR("org.varlink.service"));
	value_add_text(interfaces, STR("io.ipsd.Control"));
	value_set(parameters, "interfaces", interfaces);
	call_reply(call, parameters, false);
	return CALL_DONE;
}

static enum call_next answer_description(struct call *call)
{
	const char *name = value_cstring(value_get(call->parameters, "interface"));
	const char *text = interface_text(name);
	struct value *parameters;

	if (!name) {
		return call_invalid(call, "interface");
	}
	parameters = value_object();
	if (!text) {
		value_set_word(parameters, "interface", name);
		return call_error(call, "org.varlink.service.InterfaceNotFound", parameters);
	}
	value_set_word(parameters, "description", text);
	call_reply(call, parameters, false);
	return CALL_DONE;
}

static enum call_next answer_unknown(struct call *call)
{
	const struct value *method = value_get(call->request, "method");
	struct value *parameters = value_object();

	value_set_text(parameters, "method", value_text(method, STR("")));
	return call_error(call, "org.varlink.service.MethodNotFound", parameters);
}

static const struct {
	const char *method;
	call_step step;
} methods[] = {
	{ "org.varlink.service.GetInfo", answer_info },
	{ "org.varlink.service.GetInterfaceDescription", answer_description },
	{ "io.ipsd.Control.Status", answer_status },
	{ "io.ipsd.Control.List", answer_list },
	{ "io.ipsd.Control.Show", answer_show },
	{ "io.ipsd.Control.Ban", answer_ban },
	{ "io.ipsd.Control.Unban", answer_unban },
	{ "io.ipsd.Control.NeverBlockList", answer_never_list },
	{ "io.ipsd.Control.NeverBlockAdd", answer_never_add },
	{ "io.ipsd.Control.NeverBlockRemove", answer_never_remove },
	{ "io.ipsd.Control.Events", answer_events },
	{ "io.ipsd.Control.Mode", answer_mode },
	{ "io.ipsd.Control.Reload", answer_reload },
	{ "io.ipsd.Control.Metrics", answer_metrics },
	{ "io.ipsd.Control.Verify", answer_verify },
	{ "io.ipsd.Control.Doctor", answer_doctor },
};

call_step methods_find(const char *method)
{
	for (size_t i = 0; method && i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].method, method) == 0) {
			return methods[i].step;
		}
	}
	return answer_unknown;
}
