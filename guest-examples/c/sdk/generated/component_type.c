/*
 * The bindings refer to an object file that carries the app's world. `innkeeper wrap` adds the world
 * instead, so nothing is left of it but its name.
 */
void __component_type_object_force_link_web_app(void);

void __component_type_object_force_link_web_app(void)
{
}
