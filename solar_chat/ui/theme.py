"""Colours, type and corners of the page. What a Gradio theme cannot say is in assets/page/page.css."""

from __future__ import annotations

import gradio as gr

# Sunlight, but sober: 600 and darker reach a contrast of 4.5 on white, 400 and lighter on the dark ground.
SUN = gr.themes.Color(
    name="sun",
    c50="#fff8f0",
    c100="#feeedb",
    c200="#fbdab4",
    c300="#f6be82",
    c400="#ee9c4f",
    c500="#dd7a2a",
    c600="#b85a16",
    c700="#984814",
    c800="#7b3b15",
    c900="#653214",
    c950="#381909",
)
# What Korean looks right in on macOS, Windows and Linux; the bundled font (assets/page/page.css) where none of them is there, fetched only then.
FONTS = ("Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", "AppKR", "system-ui", "sans-serif")
MONO_FONTS = ("ui-monospace", "SFMono-Regular", "Consolas", "D2Coding", "Noto Sans Mono CJK KR", "monospace")


def make_theme() -> gr.themes.Base:
    """The theme, made anew: Gradio changes the object it is given."""
    theme = gr.themes.Base(
        primary_hue=SUN,
        secondary_hue=SUN,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=[gr.themes.Font(name) for name in FONTS],
        font_mono=[gr.themes.Font(name) for name in MONO_FONTS],
    )
    return theme.set(
        # Small print that must be readable: the theme's own grey has a contrast of 2.5.
        body_text_color_subdued="#6f6862",
        body_text_color_subdued_dark="#b3aca5",
        block_info_text_color="#6f6862",
        block_info_text_color_dark="#b3aca5",
        body_background_fill="#fbfaf8",
        body_background_fill_dark="#171513",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1f1c19",
        background_fill_secondary="#f5f3ef",
        background_fill_secondary_dark="#26221e",
        border_color_primary="#e6e1d9",
        border_color_primary_dark="#3a342e",
        block_border_width="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        input_background_fill="#ffffff",
        input_background_fill_dark="#26221e",
        input_border_color="#d8d1c6",
        input_border_color_dark="#4a423a",
        input_border_width="1px",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_400",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="#33271c",
    )
